/** Opcodes of RFC 6455, section 5.2. */
export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A frame of a server (RFC 6455), unmasked. It is the last of its message unless the caller says otherwise. */
export function webSocketFrame(
  opcode: keyof typeof OPCODES,
  payload: Buffer = Buffer.alloc(0),
  { isLast = true }: { isLast?: boolean } = {},
): Buffer {
  const first = (isLast ? 0x80 : 0) | OPCODES[opcode];
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([first, length]), payload]);
  const header = Buffer.alloc(length < 65_536 ? 4 : 10);
  header[0] = first;
  header[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) header.writeUInt16BE(length, 2);
  else header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}
