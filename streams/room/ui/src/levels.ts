/** Ranks of the page: which silhouette, colour and dash belong to a level word. */
import type { LevelWord } from "./contract";

/** 4 … 1 = worst … mildest, 0 = calm, -1 = unknown. */
export type Rank = -1 | 0 | 1 | 2 | 3 | 4;

const RANK_OF: Readonly<Record<LevelWord, Rank>> = {
  attention: 1,
  advisory: 2,
  caution: 2,
  warning: 3,
  alert: 3,
  serious_warning: 4,
  serious: 4,
};

export function rankOf(level: LevelWord | null | undefined): Rank {
  return level ? (RANK_OF[level] ?? 1) : 0;
}

/** Silhouettes on a 24 × 24 field: circle, triangle, diamond, octagon, so that a photocopy still tells them apart. */
export const SHAPES: Readonly<Record<1 | 2 | 3 | 4, string>> = {
  1: "M12 1.4a10.6 10.6 0 1 1 0 21.2a10.6 10.6 0 1 1 0-21.2Z",
  2: "M12 1.6 23.4 21.6H.6Z",
  3: "M12 .4 23.6 12 12 23.6.4 12Z",
  4: "M7.3.8h9.4l6.5 6.5v9.4l-6.5 6.5H7.3L.8 16.7V7.3Z",
};

/** The mark inside each silhouette. */
export const INNERS: Readonly<Record<1 | 2 | 3 | 4, string>> = {
  1: "M12 7.6a4.4 4.4 0 1 1 0 8.8a4.4 4.4 0 1 1 0-8.8Z",
  2: "M10.7 8.4h2.6l-.35 6.8h-1.9ZM12 16.4a1.5 1.5 0 1 1 0 3a1.5 1.5 0 1 1 0-3Z",
  3: "M10.6 5.6h2.8l-.4 8h-2ZM12 15.3a1.6 1.6 0 1 1 0 3.2a1.6 1.6 0 1 1 0-3.2Z",
  4: "M10.3 4.8h3.4l-.5 9.2h-2.4ZM12 15.9a1.9 1.9 0 1 1 0 3.8a1.9 1.9 0 1 1 0-3.8Z",
};

/** Stroke pattern of each rank in charts and area outlines: the worse, the more solid. */
export const DASHES: Readonly<Record<1 | 2 | 3 | 4, readonly number[]>> = {
  1: [1.5, 3],
  2: [4, 3],
  3: [7, 3],
  4: [],
};
