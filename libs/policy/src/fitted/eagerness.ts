/** How much a user would rather wait for a better completion. */
export const EAGERNESS_NAMES = ['eager', 'balanced', 'thrifty'] as const;
export type Eagerness = (typeof EAGERNESS_NAMES)[number];

/**
 * Points of edit similarity (0 to 100) that context must bring for every 100 ms it takes. `eager` minds only quality;
 * for `balanced` a second is worth two points, about a tenth of what context brings where it helps; for `thrifty`
 * ten. One point: one character in a hundred of the completion that need not be typed.
 */
export const EAGERNESS: Readonly<Record<Eagerness, number>> = { eager: 0, balanced: 0.2, thrifty: 1 };
