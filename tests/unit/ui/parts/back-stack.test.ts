/** Back closes what is open, the topmost first, and leaves the place when nothing is. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Router } from '../../../../src/ui/app/router.ts';
import { BackStack } from '../../../../src/ui/parts/back-stack.ts';

/** A window's history as browsers keep it: going back takes a moment, and what was gone to meanwhile stands on top. */
class FakeWindow extends EventTarget {
  readonly entries = [
    { hash: '#/now', state: null as unknown },
    { hash: '#/people', state: null as unknown },
  ];
  at = 1;
  readonly #later: (() => void)[] = [];
  readonly history = {
    get state() {
      return undefined as unknown;
    },
    pushState: (state: unknown, _: string, url?: string) => {
      const hash = url === undefined ? this.location.hash : url.slice(url.indexOf('#'));
      this.entries.splice(++this.at, Number.POSITIVE_INFINITY, { hash, state });
    },
    replaceState: (state: unknown, _: string, url: string) => {
      this.entries[this.at] = { hash: url.slice(url.indexOf('#')), state };
    },
    back: () => this.#later.push(() => this.#go(-1)),
  };

  constructor() {
    super();
    const current = () => this.#current.state;
    Object.defineProperty(this.history, 'state', { get: current });
  }

  get #current() {
    return this.entries[this.at] as { hash: string; state: unknown };
  }

  get location() {
    return { hash: this.#current.hash, href: `https://page.test/${this.#current.hash}` };
  }

  setTimeout(action: () => void): void {
    this.#later.push(action);
  }

  #go(by: number): void {
    this.at += by;
    if (this.at < 0) throw new Error('the page was left');
    this.dispatchEvent(new Event('popstate'));
  }

  /** What is due is done. */
  settle(): void {
    while (this.#later.length > 0) this.#later.shift()?.();
  }

  /** The person goes back. */
  back(): void {
    this.#go(-1);
    this.settle();
  }

  forward(): void {
    this.#go(1);
    this.settle();
  }
}

let win: FakeWindow;
let stack: BackStack;
let router: Router;
let open: string[];

beforeEach(() => {
  win = new FakeWindow();
  router = new Router(win as never);
  stack = new BackStack(win as never);
  open = [];
});

/** Opens a layer; the result closes it as its own button does. */
function layer(name: string, canClose = () => true): () => void {
  const remove = () => {
    if (!canClose()) return false;
    open = open.filter((one) => one !== name);
    return true;
  };
  open.push(name);
  stack.open(remove);
  return () => {
    remove();
    stack.closed(remove);
  };
}

describe('Back', () => {
  it('closes the topmost layer, then the one below, and then leaves the place', () => {
    layer('dialog');
    layer('face');
    win.back();
    expect([open, router.route.place]).toEqual([['dialog'], 'people']);
    win.back();
    expect([open, router.route.place]).toEqual([[], 'people']);
    win.back();
    expect(router.route.place).toBe('now');
  });

  it('leaves the place at once after a layer was closed by its own button', () => {
    const close = layer('dialog');
    close();
    win.settle();
    win.back();
    expect(router.route.place).toBe('now');
  });

  it('leaves where one went to from within a layer, and does not stop where that was open', () => {
    const close = layer('dialog');
    close();
    router.go('data');
    win.settle();
    expect(router.route.place).toBe('data');
    win.back();
    expect([router.route.place, win.at]).toEqual(['people', 1]);
  });

  it('closes what is open when the address leads elsewhere', () => {
    layer('dialog');
    win.entries.push({ hash: '#/data', state: null });
    win.forward();
    expect([open, router.route.place]).toEqual([[], 'data']);
  });

  it('closes a layer over which the address was changed in place', () => {
    layer('pictures');
    router.go('people', { show: 'other' }, true);
    win.back();
    expect([open, win.at]).toEqual([[], 1]);
  });

  it('leaves no entry behind when that layer is closed by its own button', () => {
    const close = layer('pictures');
    router.go('people', { show: 'other' }, true);
    close();
    win.settle();
    expect(win.at).toBe(1);
  });

  it('leaves open what cannot be closed now, and closes it when it can', () => {
    let isSaving = true;
    layer('export', () => !isSaving);
    win.back();
    expect([open, router.route.place]).toEqual([['export'], 'people']);
    isSaving = false;
    win.back();
    expect([open, router.route.place]).toEqual([[], 'people']);
    win.back();
    expect(router.route.place).toBe('now');
  });

  it('closes what opens by itself after a reload, and adds no second entry for it', () => {
    layer('face');
    const reloaded = new BackStack(win as never);
    let isOpen = true;
    reloaded.open(() => {
      isOpen = false;
    });
    expect(win.entries).toHaveLength(3);
    win.back();
    expect([isOpen, router.route.place]).toEqual([false, 'people']);
  });

  it('forward to where a layer was open goes nowhere', () => {
    layer('dialog');
    win.back();
    win.forward();
    expect([win.at, open]).toEqual([1, []]);
  });
});

it.each(['', '#join=abc'])('back to where the page began (“%s”) shows what was there', (hash) => {
  win.entries.splice(0, 2, { hash, state: null });
  win.at = 0;
  router = new Router(win as never);
  router.go('now', { door: 'new' });
  expect(router.route.params.get('door')).toBe('new');
  win.back();
  expect(win.location.hash).toBe(hash);
  expect(router.hash).toBe('#/now');
});
