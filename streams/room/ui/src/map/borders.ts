/**
 * Which inland borders are drawn as the outline of an area in alert; pure.
 *
 * An edge that two zones share belongs to the worse of them; one that no other zone shares is coast or the city's own
 * border and stays what it is. Works on a coverage: neighbours share their vertices.
 */
import type { Rank } from "../levels";

export type Point = readonly [number, number];
export interface Ringed {
  readonly zoneId: string;
  readonly rings: readonly (readonly Point[])[];
}

interface Edge {
  readonly from: Point;
  readonly to: Point;
  readonly zones: string[];
}

const PRECISION = 100; // a centimetre in map units: the same vertex read twice is the same number

/** Every edge that two zones share. */
export function sharedEdges(zones: readonly Ringed[]): readonly Edge[] {
  const edges = new Map<string, Edge>();
  for (const zone of zones) {
    for (const ring of zone.rings) {
      for (let i = 1; i < ring.length; i += 1) {
        const from = ring[i - 1];
        const to = ring[i];
        if (!from || !to) continue;
        const key = [keyOf(from), keyOf(to)].sort().join(" ");
        const known = edges.get(key);
        if (known) known.zones.push(zone.zoneId);
        else edges.set(key, { from, to, zones: [zone.zoneId] });
      }
    }
  }
  return [...edges.values()].filter((edge) => new Set(edge.zones).size > 1);
}

/** The outlines of each rank as long lines, so that dashes run on over the vertices. */
export function outlines(edges: readonly Edge[], rankOf: (zoneId: string) => Rank): ReadonlyMap<Rank, readonly (readonly Point[])[]> {
  const byRank = new Map<Rank, Edge[]>();
  for (const edge of edges) {
    const ranks = edge.zones.map(rankOf);
    const worst = Math.max(...ranks) as Rank;
    if (worst < 2 || ranks.every((rank) => rank === worst)) continue;
    byRank.set(worst, [...(byRank.get(worst) ?? []), edge]);
  }
  return new Map([...byRank].map(([rank, own]) => [rank, chained(own)]));
}

function chained(edges: readonly Edge[]): readonly (readonly Point[])[] {
  const at = new Map<string, Edge[]>();
  for (const edge of edges) {
    for (const point of [edge.from, edge.to]) at.set(keyOf(point), [...(at.get(keyOf(point)) ?? []), edge]);
  }
  const used = new Set<Edge>();
  const follow = (start: Point, first: Edge): Point[] => {
    const line: Point[] = [start];
    let edge: Edge | undefined = first;
    while (edge) {
      used.add(edge);
      const here: Point = line.at(-1) ?? start;
      const next: Point = keyOf(edge.from) === keyOf(here) ? edge.to : edge.from;
      line.push(next);
      const meeting: Edge[] = at.get(keyOf(next)) ?? [];
      edge = meeting.length === 2 ? meeting.find((each) => !used.has(each)) : undefined;
    }
    return line;
  };
  const lines: Point[][] = [];
  const ends = edges.flatMap((edge) => [[edge.from, edge], [edge.to, edge]] as const).filter(([point]) => at.get(keyOf(point))?.length !== 2);
  for (const [point, edge] of [...ends, ...edges.map((edge) => [edge.from, edge] as const)]) {
    if (!used.has(edge)) lines.push(follow(point, edge));
  }
  return lines;
}

function keyOf(point: Point): string {
  return `${Math.round(point[0] * PRECISION)},${Math.round(point[1] * PRECISION)}`;
}
