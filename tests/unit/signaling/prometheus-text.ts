/** Reads Prometheus's text format 0.0.4 strictly, as its documentation has it; whatever does not fit throws. */
export interface ReadMetric {
  help: string;
  type: string;
  /** By its labels as text, '' for none. */
  readonly samples: Map<string, number>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\S+)$`);

export function readPrometheusText(text: string): Map<string, ReadMetric> {
  if (!text.endsWith('\n')) throw new Error('the last line must end with a line feed');
  const metrics = new Map<string, ReadMetric>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') {
      if (metrics.has(name)) throw new Error(`${name} has two HELP lines, or its lines are not together`);
      metrics.set(name, { help: rest, type: '', samples: new Map() });
      current = name;
      continue;
    }
    const metric = metrics.get(current);
    if (metric === undefined) throw new Error(`nothing was described before: ${line}`);
    if (kind === 'TYPE') {
      if (name !== current || metric.type !== '' || metric.samples.size > 0)
        throw new Error(`misplaced: ${line}`);
      if (!/^(counter|gauge|histogram|summary|untyped)$/.test(rest)) throw new Error(`no such type: ${line}`);
      metric.type = rest;
      continue;
    }
    const [, sample, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (sample !== current || metric.type === '') throw new Error(`not a sample of ${current}: ${line}`);
    if (metric.samples.has(labels)) throw new Error(`twice: ${line}`);
    if (!Number.isFinite(Number(value))) throw new Error(`no number: ${line}`);
    metric.samples.set(labels, Number(value));
  }
  return metrics;
}
