import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The name of the file beside a store that is locked in its place. */
export const LOCK = 'store.lock';

/** Another process has the lock. */
export class LockTaken extends Error {
  override readonly name = 'LockTaken';
  readonly code = 'LOCKED';
}

/** Keeps a second process from writing to the same files. It is a lock of the kernel, so it ends with the process, also in a crash. */
export class StoreLock implements AsyncDisposable {
  /** Whether the lock keeps other processes out. False if this system has no such locks. */
  readonly isCertain: boolean;
  readonly #file: FileHandle;

  private constructor(isCertain: boolean, file: FileHandle) {
    this.isCertain = isCertain;
    this.#file = file;
  }

  /** @throws LockTaken, or the system's error if the file cannot be opened for writing */
  static async take(path: string): Promise<StoreLock> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, 'a+', 0o600);
    // Loaded here and not at the start: if its native part is missing, the program must run all the same.
    const library = await import('fs-native-extensions').catch(() => undefined);
    if (library === undefined || library.default.tryLock(file.fd))
      return new StoreLock(library !== undefined, file);
    await file.close();
    throw new LockTaken();
  }

  /** Whether another process has the lock. Nothing is made or changed. */
  static async isTaken(path: string): Promise<boolean> {
    const file = await open(path, 'r').catch(() => undefined);
    if (file === undefined) return false;
    try {
      const library = await import('fs-native-extensions').catch(() => undefined);
      return library?.default.tryLock(file.fd, { shared: true }) === false;
    } finally {
      await file.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
