/** A record that this version cannot read, in a frame that was sealed with the server's key: a newer version wrote it. */
export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord';
}
