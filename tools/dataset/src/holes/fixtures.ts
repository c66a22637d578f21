import type { FileText } from './read-repository.js';

/** A small repository in Python, as a person would write one. */
export function pythonRepository(): FileText[] {
  return [
    {
      path: 'shop/prices.py',
      text: `"""Prices and how they are made."""
from decimal import Decimal

TAX = Decimal("0.19")
ROUNDING = Decimal("0.01")


def net_price(item, quantity):
    """What the item costs without tax."""
    price = Decimal(item.price) * quantity
    if quantity > 10:
        price = price * Decimal("0.9")
    return price.quantize(ROUNDING)


def gross_price(item, quantity, country="de"):
    net = net_price(item, quantity)
    tax = net * TAX_BY_COUNTRY.get(country, TAX)
    return (net + tax).quantize(ROUNDING)


class PriceList:
    def __init__(self, items):
        self.items = list(items)
        self.by_name = {item.name: item for item in self.items}
        self.changed = False

    def cheapest_first(self, limit=None):
        # The limit is for the front page.
        ordered = sorted(self.items, key=lambda item: item.price)
        if limit is not None:
            ordered = ordered[:limit]
        return ordered


TAX_BY_COUNTRY = {"de": TAX, "at": Decimal("0.20")}
`,
    },
    {
      path: 'shop/cart.py',
      text: `"""What a customer wants to buy."""
import logging

from .prices import PriceList, gross_price
from .store import open_store, StoreError

logger = logging.getLogger(__name__)


class Cart:
    """Lines of a purchase."""

    def __init__(self, customer, country):
        self.customer = customer
        self.country = country
        self.lines = []

    def put(self, item, quantity=1):
        """Adds an item, or more of it."""
        for line in self.lines:
            if line.item is item:
                line.quantity += quantity
                return line
        line = CartLine(item, quantity)
        self.lines.append(line)
        return line

    def total(self):
        amount = sum(gross_price(line.item, line.quantity, self.country) for line in self.lines)
        logger.info("total of %s: %s", self.customer, amount)
        return amount

    def save_to(self, path):
        try:
            store = open_store(path, create_missing=True)
            store.write_cart(self.customer, self.lines)
        except StoreError as error:
            logger.warning("cart of %s was not saved: %s", self.customer, error)
            raise
        else:
            store.close()


class CartLine:
    def __init__(self, item, quantity):
        self.item = item
        self.quantity = quantity


def best_offers(items):
    prices = PriceList(items)
    offers = prices.cheapest_first(limit=3)
    return [item.name for item in offers]
`,
    },
    {
      path: 'shop/store.py',
      text: `"""Carts on disk."""
import json
import os
from pathlib import Path


class StoreError(Exception):
    pass


class Store:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.open_files = {}

    def write_cart(self, customer, lines):
        target = self.folder / f"{customer}.json"
        partial = target.with_suffix(".partial")
        content = [[line.item.name, line.quantity] for line in lines]
        partial.write_text(json.dumps(content))
        os.replace(partial, target)

    def read_cart(self, customer):
        target = self.folder / f"{customer}.json"
        if not target.exists():
            return []
        return json.loads(target.read_text())

    def close(self):
        for handle in self.open_files.values():
            handle.close()
        self.open_files.clear()


def open_store(path, create_missing=False):
    folder = Path(path)
    if create_missing:
        folder.mkdir(parents=True, exist_ok=True)
    if not folder.is_dir():
        raise StoreError(f"{folder} is no folder")
    return Store(folder)
`,
    },
    {
      path: 'tests/test_cart.py',
      text: `from shop.cart import Cart, best_offers
from shop.prices import net_price


class Item:
    def __init__(self, name, price):
        self.name = name
        self.price = price


def test_total_is_gross():
    cart = Cart("ada", "de")
    cart.put(Item("tea", 10), quantity=2)
    assert cart.total() == 23.80


def test_many_are_cheaper():
    item = Item("tea", 10)
    assert net_price(item, 11) < net_price(item, 10) * 2


def test_best_offers_come_first():
    items = [Item("tea", 3), Item("rum", 2), Item("gin", 1)]
    assert best_offers(items) == ["gin", "rum", "tea"]
`,
    },
  ];
}

/** One in TypeScript, with CRLF line ends in one file and characters outside the basic plane. */
export function typescriptRepository(): FileText[] {
  return [
    {
      path: 'src/queue.ts',
      text: `/*
 * Copyright the authors. All rights reserved.
 * Licensed under the licence that is in the file of that name.
 */
import { Deferred, createDeferred } from './deferred.js';

export interface Job<T> {
  readonly name: string;
  run(signal: AbortSignal): Promise<T>;
}

/** Runs jobs one after the other. */
export class JobQueue {
  private readonly waiting: { job: Job<unknown>; done: Deferred<unknown> }[] = [];
  private running = false;

  constructor(private readonly limit: number) {}

  async enqueue<T>(job: Job<T>): Promise<T> {
    if (this.waiting.length >= this.limit) {
      throw new Error(\`queue is full: \${job.name}\`);
    }
    const done = createDeferred<T>();
    this.waiting.push({ job, done: done as Deferred<unknown> });
    if (!this.running) void this.drain();
    return done.promise;
  }

  private async drain(): Promise<void> {
    this.running = true;
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      const controller = new AbortController();
      try {
        next.done.resolve(await next.job.run(controller.signal));
      } catch (error) {
        next.done.reject(error);
      }
    }
    this.running = false;
  }
}
`,
    },
    {
      path: 'src/deferred.ts',
      text: `/** A promise that is settled from outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

export function createDeferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

export function settleAfter<T>(value: T, delayMs: number): Deferred<T> {
  const deferred = createDeferred<T>();
  const timer = setTimeout(() => deferred.resolve(value), delayMs);
  timer.unref();
  return deferred;
}
`,
    },
    {
      path: 'src/greeting.ts',
      text: `import { JobQueue } from './queue.js';
import { settleAfter } from './deferred.js';

// What people are greeted with: 😀.
const GREETINGS = { morning: '😀 good morning', night: '🌙 good night' };

export const greet = async (name: string, hour: number): Promise<string> => {
  const queue = new JobQueue(10);
  const words = hour < 12 ? GREETINGS.morning : GREETINGS.night;
  const wait = settleAfter(words, 5);
  return queue.enqueue({
    name: 'greet',
    run: async () => \`\${await wait.promise}, \${name}\`,
  });
};

export function shout(text: string): string {
  const loud = text.toUpperCase();
  const marks = '!'.repeat(Math.min(3, text.length));
  return loud + marks;
}
`.replaceAll('\n', '\r\n'),
    },
  ];
}
