// Decodes the arrays of the page and poses the body: what is known about a moment between two frames.

const STORED = { f32: Float32Array, i16: Int16Array, u8: Uint8Array, i8: Int8Array, u16: Uint16Array, u32: Uint32Array };

/** Bytes -> a typed array of numbers; 16-bit integers with a scale become floats, -32768 standing for NaN. */
function decodeArray(packed) {
  const text = atob(packed.data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stored = new STORED[packed.type](bytes.buffer);
  if (packed.scale === undefined) return stored;
  const values = new Float32Array(stored.length);
  for (let i = 0; i < stored.length; i++) {
    values[i] = stored[i] === -32768 ? NaN : packed.offset + packed.scale * stored[i];
  }
  return values;
}

/** The page's data: people, the arrays of the body that they share, the video. */
function readPage() {
  return JSON.parse(document.getElementById("data").textContent);
}

/** One person of the page, its arrays decoded the first time. */
function personOf(page, index) {
  const person = page.people[index];
  for (const part of [page.body, person.arrays]) {
    for (const [name, packed] of Object.entries(part)) if (packed.data !== undefined) part[name] = decodeArray(packed);
  }
  person.arrays = { ...page.body, ...person.arrays };
  return person;
}

/** Places (x, y, z per joint) between two frames of a (T, J, 3) array, moved by the pelvis -> Float32Array. */
function placesAt(values, joints, motion, moment, pelvis) {
  const { first, second, mix } = moment;
  const out = new Float32Array(joints * 3);
  for (let i = 0; i < out.length; i++) {
    const a = values[first * joints * 3 + i], b = values[second * joints * 3 + i];
    out[i] = a + mix * (b - a) + pelvis[i % 3];
  }
  return out;
}

function rotateByQuaternion(q, at, x, y, z) {
  const w = q[at], a = q[at + 1], b = q[at + 2], c = q[at + 3];
  const tx = 2 * (b * z - c * y), ty = 2 * (c * x - a * z), tz = 2 * (a * y - b * x);
  return [x + w * tx + b * tz - c * ty, y + w * ty + c * tx - a * tz, z + w * tz + a * ty - b * tx];
}

/** out[at..at+3] = a[i..] * b[j..], quaternions w x y z. */
function multiplyQuaternions(out, at, a, i, b, j) {
  const [w, x, y, z] = [a[i], a[i + 1], a[i + 2], a[i + 3]];
  const [s, t, u, v] = [b[j], b[j + 1], b[j + 2], b[j + 3]];
  out[at] = w * s - x * t - y * u - z * v;
  out[at + 1] = w * t + x * s + y * v - z * u;
  out[at + 2] = w * u - x * v + y * s + z * t;
  out[at + 3] = w * v + x * u - y * t + z * s;
}

/** Joint rotations between two frames (normalised linear; neighbours are on one hemisphere) -> Float32Array (24 * 4). */
function rotationsAt(values, joints, moment) {
  const { first, second, mix } = moment;
  const out = new Float32Array(joints * 4);
  for (let joint = 0; joint < joints; joint++) {
    let length = 0;
    for (let k = 0; k < 4; k++) {
      const a = values[(first * joints + joint) * 4 + k], b = values[(second * joints + joint) * 4 + k];
      const value = a + mix * (b - a);
      out[joint * 4 + k] = value;
      length += value * value;
    }
    length = Math.sqrt(length);
    for (let k = 0; k < 4; k++) out[joint * 4 + k] /= length;
  }
  return out;
}

/**
 * Forward kinematics -> rows of the 24 skinning matrices (24 * 12): vertex' = R (vertex - J) + posed joint.
 */
function skinningRows(motion, moment, pelvis) {
  const parents = motion.parents, rest = motion.rest_joints_m, count = parents.length;
  const local = rotationsAt(motion.arrays.rotations, count, moment);
  const turned = new Float32Array(count * 4);
  const places = [];
  const rows = new Float32Array(count * 12);
  for (let joint = 0; joint < count; joint++) {
    const parent = parents[joint], at = joint * 4;
    if (parent < 0) {
      turned.set(local.subarray(at, at + 4), at);
      places.push(pelvis);
    } else {
      multiplyQuaternions(turned, at, turned, parent * 4, local, at);
      const bone = rotateByQuaternion(turned, parent * 4, ...rest[joint].map((value, i) => value - rest[parent][i]));
      places.push(bone.map((value, i) => value + places[parent][i]));
    }
    const moved = rotateByQuaternion(turned, at, ...rest[joint]);
    const axes = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map((axis) => rotateByQuaternion(turned, at, ...axis));
    for (let row = 0; row < 3; row++) {
      rows.set([axes[0][row], axes[1][row], axes[2][row], places[joint][row] - moved[row]], joint * 12 + row * 4);
    }
  }
  return rows;
}

/** Linear blend skinning: out holds posed vertex and normal (6 numbers) for each vertex. */
function skinVertices(out, arrays, rows) {
  const { vertices, normals, skin_joints: joints, skin_weights: weights } = arrays;
  const blend = new Float64Array(12);
  for (let vertex = 0; vertex * 3 < vertices.length; vertex++) {
    blend.fill(0);
    for (let k = vertex * 4; k < vertex * 4 + 4; k++) {
      const weight = weights[k] / 65535, at = joints[k] * 12;
      if (weight > 0) for (let i = 0; i < 12; i++) blend[i] += weight * rows[at + i];
    }
    const x = vertices[vertex * 3], y = vertices[vertex * 3 + 1], z = vertices[vertex * 3 + 2];
    const a = normals[vertex * 3], b = normals[vertex * 3 + 1], c = normals[vertex * 3 + 2];
    for (let row = 0; row < 3; row++) {
      const p = blend[row * 4], q = blend[row * 4 + 1], r = blend[row * 4 + 2];
      out[vertex * 6 + row] = p * x + q * y + r * z + blend[row * 4 + 3];
      out[vertex * 6 + 3 + row] = (p * a + q * b + r * c) / 127;
    }
  }
}

function pelvisAt(motion, moment) {
  const values = motion.arrays.pelvis, { first, second, mix } = moment;
  return [0, 1, 2].map((i) => values[first * 3 + i] + mix * (values[second * 3 + i] - values[first * 3 + i]));
}

/** The colour of a CSS variable as [red, green, blue] in 0..1 and as text. */
function themeColour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return { text, rgb: [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16) / 255) };
}
