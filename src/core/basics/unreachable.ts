/**
 * For the `default` of a switch that has a case for every member of a union. A member that is added to the union and not to the
 * switch is a compile error. The value is not in the message: it may be a secret.
 */
export function unreachable(_value: never): never {
  throw new TypeError('a value that no case expects');
}
