import { ALERT_RULES, type AlertRule } from './alert-rules.ts';

/** The file of alert rules that Prometheus reads. */
export function renderAlertRules(): string {
  return [
    '# Made from src/core/watch/alarms.ts and tools/alert-rules.ts: npm run generate',
    'groups:',
    '  - name: mostro-push',
    '    rules:',
    ...ALERT_RULES.flatMap(lines),
    '',
  ].join('\n');
}

/** The labels and annotations of a rule, as they are in the file. */
export function wordsOf({ about, runbook, severity, summary }: AlertRule): {
  labels: Record<string, string>;
  annotations: Record<string, string>;
} {
  return {
    labels: { severity, about },
    annotations: { summary: `{{ $labels.instance }}: ${summary}`, runbook },
  };
}

function lines(rule: AlertRule): string[] {
  const { annotations, labels } = wordsOf(rule);
  return [
    `      - alert: ${rule.alert}`,
    `        expr: ${quote(rule.expr)}`,
    `        for: ${rule.for}`,
    '        labels:',
    ...Object.entries(labels).map(([name, value]) => `          ${name}: ${value}`),
    '        annotations:',
    ...Object.entries(annotations).map(([name, text]) => `          ${name}: ${quote(text)}`),
  ];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
