/** The metrics of the program, as its operator reads them. */
export class MetricsPage {
  readonly #lines: readonly string[];

  private constructor(text: string) {
    this.#lines = text.split('\n');
  }

  static async fetch(adminUrl: string, signal: AbortSignal): Promise<MetricsPage> {
    const response = await fetch(new URL('/metrics', adminUrl), { signal });
    if (!response.ok) throw new Error(`GET /metrics was answered ${response.status}`);
    return new MetricsPage(await response.text());
  }

  /**
   * The value of a counter: the sum of all its series, or of the series with one label.
   *
   * @param name without prefix and `_total`
   * @param label as the page writes it: `kind="14"`
   */
  counter(name: string, label = ''): number {
    const full = `mostro_push_${name}_total`;
    // A counter with labels has no series before its first count. A counter that is not declared is a mistake of the demo.
    if (!this.#lines.includes(`# TYPE ${full} counter`)) throw new Error(`/metrics knows no ${full}`);
    return this.#lines
      .filter((line) => new RegExp(`^${full}[{ ]`, 'u').test(line) && line.includes(label))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }
}
