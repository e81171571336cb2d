/** As far as it is used here; the package has no types of its own. */
declare module 'fs-native-extensions' {
  const library: {
    /** Takes an exclusive lock on an open file. @returns whether it was free */
    tryLock(fd: number): boolean;
  };
  export default library;
}
