/** Pieces of JSON text. A picture of a control character (U+2400 and following) stands for the character itself. */
function pieces(text: string): string[] {
  return text
    .trim()
    .replaceAll(/[\u2400-\u241f]/g, (picture) => String.fromCharCode(picture.charCodeAt(0) - 0x2400))
    .replaceAll('␡', '\u007f')
    .split(/ ¦ |\n/);
}

const NUMBERS = pieces(`
01 ¦ 00 ¦ - ¦ -1 ¦ -0 ¦ -14 ¦ 1. ¦ 1.0 ¦ 14.0 ¦ .5 ¦ +1 ¦ 1e3 ¦ 1E3 ¦ 1e+3 ¦ 14e-1 ¦ 1e400 ¦ 0x10 ¦ 1_000 ¦ NaN
65536 ¦ 99999 ¦ 100000 ¦ 1000000 ¦ 9007199254740991 ¦ 9007199254740992 ¦ -9007199254740993 ¦ 99999999999999999999
999999999999 ¦ 1000000000000 ¦ 1767225600.5 ¦ "1059" ¦ 1059" ¦ 10 59 ¦ 1; ¦ 14␋ ¦ 14␀ ¦ 14/ ¦ 14: ¦ :14 ¦ 14] ¦ 14}
Infinity ¦ ١٤ ¦ 0`);

const LITERALS = [
  '',
  ...pieces('falsetrue ¦ true ¦ false ¦ null ¦ nul ¦ tru ¦ nulll ¦ True ¦ undefined ¦ e ¦ x'),
];

const STRINGS = pieces(String.raw`
"␀" ¦ "␟" ¦ "a␊b" ¦ "a␉b" ¦ "␡" ¦ "\␊" ¦ " ¦ "" ¦ """ ¦ 'x' ¦ "a" "b" ¦ "a""b" ¦ "ä" ¦ "😀" ¦ "EVENT"
"\x" ¦ "\u12" ¦ "\u12G4" ¦ "\u{41}" ¦ "\'" ¦ "\ud800" ¦ "\udc00\ud800" ¦ "\ud83d\ude00" ¦ "\u0000" ¦ "\u0022"
"\\" ¦ "\" ¦ "\\\" ¦ "\\\\" ¦ "\\\"" ¦ \"x" ¦ "\" ¦ "KEY" ¦ "KEYKEY" ¦ "KEY ¦ KEY" ¦ "kKEY" ¦ "KEY " ¦ "K"`);

const VALUES = pieces(`
[] ¦ {} ¦ [[]] ¦ {"id":"KEY"} ¦ [1] ¦ [,] ¦ [1,] ¦ [1 2] ¦ [1} ¦ {,} ¦ {"a"} ¦ {"a":} ¦ {"a":1,} ¦ {a:1} ¦ {1:1}
{[]:1} ¦ {"a" 1} ¦ {"a",1} ¦ {"a":1]`);

const TAGS = pieces(String.raw`
[["p",7]] ¦ [["p",null]] ¦ [["p",true,"KEY"]] ¦ [["p",["KEY"]]] ¦ [["p",{"KEY":1}]] ¦ [["p",,"KEY"]] ¦ [["p",]]
[["e",1]] ¦ [["e",{}]] ¦ [["e",null]] ¦ [[7,"KEY"]] ¦ [[null,"KEY"]] ¦ [[["p","KEY"]]] ¦ [null] ¦ [7] ¦ [{"p":"KEY"}]
[["p","KEY"],] ¦ [,["p","KEY"]] ¦ [["p","KEY",]] ¦ [[,"p"]] ¦ [["p" "KEY"]] ¦ [["p","KEY"]["p","KEY"]] ¦ [["p","KEY"}]
["p","KEY"] ¦ {"0":["p","KEY"]} ¦ "p" ¦ null ¦ [["p","KEY"] ¦ [["p","KEY"]]] ¦ [] ¦ [[]] ¦ [[""]] ¦ [["p"]] ¦ [["p",""]]
[["p","nobody","KEY"]] ¦ [["e","p","KEY"]] ¦ [["p","KEY","p","KEY"]] ¦ [["P","KEY"],["p","KEY"]] ¦ [["p","","KEY"]]
[["\u0070","KEY"]] ¦ [["p","\u0041KEY"]] ¦ [["p","KEY","\u0041"]] ¦ [["p","\\","KEY"],["p","KEY"]] ¦ [["p\u0000","KEY"]]
[["e","\\"],["p","KEY"]] ¦ [["e","\""],["p","KEY"]] ¦ [["e","␁"],["p","KEY"]] ¦ [["p","KEY␁"]] ¦ [["p","KEY","␁"]]
[["p␀","KEY"]] ¦ [["p","KÉY"]] ¦ [["p","␡"]] ¦ [["é","KEY"]] ¦ [["pé","KEY"],["p","KEY"]] ¦ [["p","KEY"],["p","KEY"]]`);

/**
 * JSON text that a scanner is easily wrong about, by the member of an event whose value it may be; `x` is a member that
 * events do not have. Much of it is no JSON at all, the rest no such member, or one in an unusual spelling. `KEY`
 * stands for a key.
 */
export const ODD_JSON = {
  id: [...STRINGS, ...LITERALS, '7', '[]'],
  pubkey: STRINGS,
  created_at: [...NUMBERS, ...LITERALS],
  kind: [...NUMBERS, ...LITERALS],
  tags: TAGS,
  content: [...STRINGS, ...VALUES],
  sig: STRINGS,
  x: [...STRINGS, ...NUMBERS, ...LITERALS, ...VALUES, ...TAGS],
} as const;

/** Names that are not spelt as any member of an event. `JSON.parse` reads some of them as the name of a member. */
export const ODD_NAMES = pieces(String.raw`
"x" ¦ "" ¦ "__proto__" ¦ "constructor" ¦ "toString" ¦ "ID" ¦ "id " ¦ "kinds" ¦ "idé" ¦ "ids" ¦ "i" ¦ "tag" ¦ "p" ¦ "0"
"␁" ¦ id ¦ 7 ¦ null ¦ "id ¦ "\u0069d" ¦ "i\u0064" ¦ "k\u0069nd" ¦ "\u0074ags" ¦ "created\u005fat" ¦ "c\u006fntent"
"\u0049d" ¦ "\x69d" ¦ "\u0070ubkey" ¦ "si\u0067"`);
