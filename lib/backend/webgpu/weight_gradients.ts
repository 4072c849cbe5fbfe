import { StoredTensor } from "../stored_tensor.ts";
import type { OpContext, OpsOf } from "./op_context.ts";
import type { WebGPUTensor } from "./tensor.ts";

/** Workgroups side by side: every device takes as many. */
const MOST_ACROSS = 65_535;

/** The op that gives the gradients of all weights around a layer, as one grid. */
export function weightGradientsOps(
  context: OpContext,
): OpsOf<"weightGradients"> {
  const { dispatch, pipelines, scratch } = context;
  return {
    weightGradients({ rows, B, I, H, O, V }, tensors) {
      const { ids, input, initialState, output, dInput, dSums, dLogits } =
        tensors;
      const { dWeightIh, dWeight, dBias, dHiddenBias } = tensors;
      const { dHeadWeight, dHeadBias } = tensors;
      const results = {
        ...{ dWeightIh, dWeight, dBias },
        ...{ dHiddenBias, dHeadWeight, dHeadBias },
      };
      if (Object.values(results).every((result) => !result)) return;
      const { gradients, places, deliver } = placed(context, results);
      const { weight_gradients } = pipelines;
      const { TILE } = weight_gradients.constants;
      /** Tiles of a weight's gradient, with its bias's as one more column. */
      const tilesOf = (weight?: WebGPUTensor, bias?: WebGPUTensor) => {
        const columns = (weight?.shape[1] ?? 0) + (bias ? 1 : 0);
        const [rows] = (weight ?? bias)?.shape ?? [0];
        return Math.ceil(rows / TILE) * Math.ceil(columns / TILE);
      };
      const firstInputTile = tilesOf(dWeight, dHiddenBias);
      const firstHeadTile = firstInputTile + tilesOf(dWeightIh, dBias);
      const tiles = firstHeadTile + tilesOf(dHeadWeight, dHeadBias);
      const across = Math.min(tiles, MOST_ACROSS);
      const isOneHot = ids !== undefined;
      dispatch({
        pipeline: isOneHot
          ? weight_gradients.variants.ONE_HOT
          : weight_gradients,
        // What no tile reads is bound to something else.
        tensors: {
          ids: ids ?? scratch("unused", [1], "u32"),
          input: input ?? dInput,
          initialState: initialState ?? dInput,
          output: output ?? dInput,
          dInput,
          dSums: dSums ?? dInput,
          dLogits: dLogits ?? dInput,
          gradients,
        },
        dims: {
          ...{ rows, B, H, O, V },
          I: dWeightIh ? I : 0, // else the bias alone
          hasBias: dBias ? 1 : 0,
          hasHiddenBias: dHiddenBias ? 1 : 0,
          hasHeadBias: dHeadBias ? 1 : 0,
          firstInputTile,
          firstHeadTile,
          tiles,
          across,
          ...places,
        },
        covers: [across, Math.ceil(tiles / across)],
        terms: TILE * TILE * rows,
      });
      deliver();
    },
  };
}

/** The name of the number that says where a result begins. */
type PlaceName<Name extends string> = `${Name}At`;

/**
 * Results as places of one buffer, since a kernel binds few: of their own, if that is
 * one, as a model's gradients are; else of a scratch tensor, from which `deliver`
 * copies them.
 */
function placed<Name extends string>(
  { dispatch, pipelines, scratch }: OpContext,
  results: Readonly<Record<Name, WebGPUTensor | undefined>>,
): {
  gradients: WebGPUTensor;
  places: Record<PlaceName<Name>, number>;
  deliver: () => void;
} {
  const names = Object.keys(results) as Name[];
  const given = names.flatMap((name) => results[name] ?? []);
  const [first] = given;
  const isOne = given.every(({ storage }) => storage === first.storage);
  const sizes = names.map((name) => results[name]?.size ?? 0);
  const whole = isOne
    ? new StoredTensor(first.storage, [first.storage.buffer.size / 4], "f32")
    : scratch("gradients", [sizes.reduce((sum, size) => sum + size, 0)]);
  let next = 0;
  const entries = names.map((name, i) => {
    const place = isOne ? results[name]?.offset ?? 0 : next;
    next += sizes[i];
    return [name, place] as const;
  });
  return {
    gradients: whole,
    places: Object.fromEntries(
      entries.map(([name, place]) => [`${name}At`, place]),
    ) as Record<PlaceName<Name>, number>,
    deliver: () => {
      if (isOne) return;
      for (const [name, place] of entries) {
        const destination = results[name];
        if (!destination) continue;
        dispatch({
          pipeline: pipelines.copy,
          tensors: {
            source: whole.view(place, destination.shape),
            destination,
          },
          dims: { size: destination.size },
          covers: [destination.size],
        });
      }
    },
  };
}
