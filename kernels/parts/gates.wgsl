// Gives
//   withGate(units, gate, values): the gates of four units, with other numbers of one
//   gate; gateOf(units, gate): the four numbers of a gate.
//
// Asks
//   of a cell with two gates or more: GATES, how many there are; Gates, a number of each,
//   as vec3f; FourUnits, the gates of four units, as mat4x3f.

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
