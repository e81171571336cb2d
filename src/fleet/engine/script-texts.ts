import type { Script } from './engine.ts';
import { MENDING } from './foreign-keys.ts';
import { hashOf } from './open-connection.ts';

/** What an engine is sent of scripts. */
export class ScriptTexts {
  readonly #hashes = new Map<Script, string>();

  textOf({ lua }: Script): string {
    return MENDING + lua;
  }

  /** The name by which an engine knows a script that it has run. */
  hashOf(script: Script): string {
    const known = this.#hashes.get(script);
    if (known !== undefined) return known;
    const hash = hashOf(this.textOf(script));
    this.#hashes.set(script, hash);
    return hash;
  }
}
