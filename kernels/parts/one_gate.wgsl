// Gives
//   GATES, the gates of a cell: one; Gates, a number of each; FourUnits, the gates of
//   four units. withGate(units, gate, values): those with other numbers of a gate;
//   gateOf(units, gate): the four numbers of a gate.
//
// Asks
//   nothing.

const GATES = 1u;
alias Gates = f32;
alias FourUnits = vec4f;

fn withGate(units: FourUnits, gate: u32, values: vec4f) -> FourUnits {
  return values;
}

fn gateOf(units: FourUnits, gate: u32) -> vec4f {
  return units;
}
