const STEP = 2;

/** Any JSON on as few lines as the width allows. */
export function compactJson(value: unknown, width: number): string {
  return lay(value, { width, indent: 0, lead: 0 });
}

/** `lead` is what already stands on the line of the value's first character, after the indent. */
function lay(value: unknown, { width, indent, lead }: Record<'width' | 'indent' | 'lead', number>): string {
  const flat = JSON.stringify(value);
  // One more column for the comma that may follow.
  if (typeof value !== 'object' || value === null || indent + lead + flat.length + 1 <= width) return flat;
  const isArray = Array.isArray(value);
  const members = Object.entries(value).map(([name, member]: [string, unknown]) => {
    const label = isArray ? '' : `${JSON.stringify(name)}: `;
    return label + lay(member, { width, indent: indent + STEP, lead: label.length });
  });
  const [open, close] = isArray ? '[]' : '{}';
  const margin = ' '.repeat(indent);
  const body = members.map((member) => `${margin}${' '.repeat(STEP)}${member}`).join(',\n');
  return `${open}\n${body}\n${margin}${close}`;
}
