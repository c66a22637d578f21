const TAB_WIDTH = 4;

/** Columns of a line's indentation; a tab counts four. */
export function indentWidth(line: string): number {
  let width = 0;
  for (const char of line) {
    if (char === ' ') width++;
    else if (char === '\t') width += TAB_WIDTH;
    else break;
  }
  return width;
}

export function isBlank(text: string): boolean {
  return text.trim() === '';
}
