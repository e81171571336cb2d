/** As far as it is used here; the package has no types of its own. */
declare module 'fs-native-extensions' {
  const library: {
    /** Takes a lock on an open file: an exclusive one, for which the file must be writable, or one that is shared with others. @returns whether it was free */
    tryLock(fd: number, options?: { readonly shared: boolean }): boolean;
  };
  export default library;
}
