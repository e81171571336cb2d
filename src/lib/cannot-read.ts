/** Why a file cannot be read, by the system's error code, and for a file of another user what to do. */
export function cannotRead(path: string, code: string | undefined): string {
  const remedy = code === 'EACCES' ? '; make it readable for the user that the server runs as' : '';
  return `${path} cannot be read (${code})${remedy}`;
}
