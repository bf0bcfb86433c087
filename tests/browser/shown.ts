/**
 * What pages showed and asked for when a wait of a test ended without what it waited for: a time-out alone says nothing about why.
 * Listens to a whole context, so that service workers and pages opened later are heard as well.
 */
import type { BrowserContext, Page, Request } from 'playwright-core';

/** A page that is asked what it shows may be the very one that hangs. */
const ANSWER_WITHIN_MS = 5_000;
/** The last ones say what happened; a page that prints for ever must not fill the log. */
const MAX_LINES = 60;

class Witness {
  readonly #lines: string[] = [];
  readonly #open = new Map<Request, number>();
  readonly #startMs = performance.now();

  constructor(context: BrowserContext) {
    context.on('console', (message) => this.#note(`console ${message.type()}: ${message.text()}`));
    context.on('weberror', (error) => this.#note(`thrown: ${error.error().stack ?? error.error().message}`));
    context.on('request', (request) => {
      this.#open.set(request, performance.now());
      if (request.isNavigationRequest()) this.#note(`goes to ${plain(request.url())}`);
    });
    context.on('requestfinished', (request) => this.#open.delete(request));
    context.on('requestfailed', (request) => {
      this.#open.delete(request);
      this.#note(`failed: ${named(request)}: ${request.failure()?.errorText}`);
    });
    context.on('response', (response) => {
      if (response.status() >= 400) this.#note(`answered ${response.status()}: ${named(response.request())}`);
    });
    context.on('page', (page) => this.#hear(page));
    for (const page of context.pages()) this.#hear(page);
  }

  #hear(page: Page): void {
    page.on('crash', () => this.#note(`crashed: ${plain(page.url())}`));
    page.on('domcontentloaded', () => this.#note(`read: ${plain(page.url())}`));
  }

  #note(line: string): void {
    this.#lines.push(`  ${this.#at(performance.now())} ${line}`);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }

  /** Seconds since the context is watched. */
  #at(ms: number): string {
    return `${((ms - this.#startMs) / 1_000).toFixed(1)} s`;
  }

  report(): string[] {
    const open = [...this.#open].map(([request, ms]) => `  since ${this.#at(ms)} ${named(request)}`);
    return [
      `It is ${this.#at(performance.now())}. What happened:`,
      ...this.#lines,
      ...(open.length === 0 ? ['No request is open.'] : ['Open requests:', ...open]),
    ];
  }
}

const witnesses = new WeakMap<BrowserContext, Witness>();

function named(request: Request): string {
  const by = request.serviceWorker() === null ? '' : ' (service worker)';
  return `${request.method()} ${plain(request.url())} [${request.resourceType()}]${by}`;
}

/** An invite in an address is long, and says nothing here. */
function plain(url: string): string {
  return url.length <= 160 ? url : `${url.slice(0, 160)}…`;
}

/** From now on what happens in the context is kept for {@link orShown}; the context itself. */
export function watched(context: BrowserContext): BrowserContext {
  if (!witnesses.has(context)) witnesses.set(context, new Witness(context));
  return context;
}

/** Waits for `wait`; when that fails, says with its error what the page showed, and what its context did since it is {@link watched}. */
export async function orShown<T>(page: Page, wait: Promise<T>): Promise<T> {
  try {
    return await wait;
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${what}\n${await shown(page)}`, { cause });
  }
}

/** What the page shows now, and what its context did. Never rejects. */
export async function shown(page: Page): Promise<string> {
  const context = page.context();
  const isWatched = witnesses.has(context);
  watched(context);
  const text = await answered(page.locator('body').ariaSnapshot({ timeout: ANSWER_WITHIN_MS }));
  const facts = await answered(page.evaluate(pageFacts));
  return [
    `The page is at ${plain(page.url())}, and shows:`,
    text,
    `It says of itself: ${facts}`,
    `Its workers: ${
      page
        .workers()
        .map((worker) => worker.url())
        .join(', ') || 'none'
    }; service workers: ${
      context
        .serviceWorkers()
        .map((worker) => worker.url())
        .join(', ') || 'none'
    }`,
    ...(isWatched ? (witnesses.get(context)?.report() ?? []) : ['What it did before was not watched.']),
  ].join('\n');
}

async function answered(question: Promise<string>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`(no answer within ${ANSWER_WITHIN_MS} ms)`), ANSWER_WITHIN_MS);
  });
  const told = question.catch((error: Error) => `(no answer: ${error.message.split('\n')[0]})`);
  return Promise.race([told, late]).finally(() => clearTimeout(timer));
}

/** Runs in the page. */
async function pageFacts(): Promise<string> {
  const { model } = (document.querySelector('waystation-app') ?? {}) as {
    model?: { state: Record<string, unknown> };
  };
  const { phase, failure, openElsewhere, pendingLink, notice, recordingPhase } = model?.state ?? {};
  const { held = [], pending = [] } = (await navigator.locks?.query()) ?? {};
  const names = (locks: LockInfo[]) => locks.map(({ name, mode }) => `${name} (${mode})`);
  return JSON.stringify({
    visible: document.visibilityState,
    ready: document.readyState,
    isModelThere: model !== undefined,
    ...{ phase, failure, openElsewhere, notice, recordingPhase, hasLink: typeof pendingLink === 'string' },
    controlled: navigator.serviceWorker?.controller?.state ?? null,
    locks: { held: names(held), pending: names(pending) },
  });
}
