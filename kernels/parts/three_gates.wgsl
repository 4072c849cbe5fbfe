// Gives
//   GATES, the gates of a cell: three; Gates, a number of each; FourUnits, the gates of
//   four units. withGate(units, gate, values): those with other numbers of a gate;
//   gateOf(units, gate): the four numbers of a gate.
//
// Asks
//   nothing.

const GATES = 3u;
alias Gates = vec3f;
alias FourUnits = mat4x3f;

fn withGate(units: FourUnits, gate: u32, values: vec4f) -> FourUnits {
  var all = units;
  all[0][gate] = values.x;
  all[1][gate] = values.y;
  all[2][gate] = values.z;
  all[3][gate] = values.w;
  return all;
}

fn gateOf(units: FourUnits, gate: u32) -> vec4f {
  return vec4f(units[0][gate], units[1][gate], units[2][gate], units[3][gate]);
}
