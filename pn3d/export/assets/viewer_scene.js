// The 3D view: WebGL 2; the body's surface, bones as capsules, a floor with soft lines and a shadow.
// The body is skinned here once per frame: cheaper than in the vertex shader where the graphics card is a program
// (a browser without one), as the surface is drawn twice, and a millisecond anywhere.

const SKIN_SHADER = `#version 300 es
in vec3 position; in vec3 normal;
uniform mat4 camera; uniform vec4 sun; uniform float floorY; uniform bool flatten_;
out vec3 world; out vec3 facing;
void main() {
  world = position;
  facing = normal;
  if (flatten_) world = vec3(world.xz - sun.xz * (world.y - floorY) / sun.y, floorY + 0.002).xzy;
  gl_Position = camera * vec4(world, 1.0);
}`;

const BONE_SHADER = `#version 300 es
in vec4 capsule;
in vec4 start; in vec3 end; in vec3 colour;
uniform mat4 camera; uniform vec4 sun; uniform float floorY; uniform bool flatten_;
out vec3 world; out vec3 facing; out vec3 tint;
void main() {
  vec3 along = end - start.xyz;
  float size = length(along);
  vec3 up = size > 1e-6 ? along / size : vec3(0.0, 1.0, 0.0);
  vec3 side = normalize(cross(up, abs(up.z) < 0.9 ? vec3(0.0, 0.0, 1.0) : vec3(1.0, 0.0, 0.0)));
  facing = capsule.x * side + capsule.y * up + capsule.z * cross(side, up);
  world = mix(start.xyz, end, capsule.w) + start.w * facing;
  tint = colour;
  if (flatten_) world = vec3(world.xz - sun.xz * (world.y - floorY) / sun.y, floorY + 0.002).xzy;
  gl_Position = camera * vec4(world, 1.0);
}`;

const LIGHT = `
uniform vec3 eye; uniform vec4 sun; uniform float opacity; uniform bool flatten_;
in vec3 world; in vec3 facing; out vec4 pixel;
vec4 lit(vec3 base) {
  if (flatten_) return vec4(0.0, 0.0, 0.0, 0.22);
  vec3 n = normalize(facing), view = normalize(eye - world);
  float key = max(dot(n, sun.xyz), 0.0), sky = 0.5 + 0.5 * n.y;
  float shine = pow(max(dot(n, normalize(sun.xyz + view)), 0.0), 40.0);
  float rim = pow(1.0 - max(dot(n, view), 0.0), 3.0);
  vec3 light = base * (0.34 + 0.26 * sky + 0.52 * key) + 0.10 * shine + 0.16 * rim * sky;
  return vec4(light, opacity);
}`;

const SKIN_PIXELS = `#version 300 es
precision highp float;
uniform vec3 base;${LIGHT}
void main() { pixel = lit(base); }`;

const BONE_PIXELS = `#version 300 es
precision highp float;
in vec3 tint;${LIGHT}
void main() { pixel = lit(tint); }`;

const FLOOR_SHADER = `#version 300 es
in vec2 corner; uniform mat4 camera; uniform vec3 centre; uniform float floorY; out vec2 place;
void main() {
  place = centre.xz + corner * 9.0;
  gl_Position = camera * vec4(place.x, floorY, place.y, 1.0);
}`;

const FLOOR_PIXELS = `#version 300 es
precision highp float;
in vec2 place; uniform vec3 centre; uniform vec3 line; out vec4 pixel;
float lines(vec2 at) {
  vec2 wide = fwidth(at), near = abs(fract(at - 0.5) - 0.5) / max(wide, 1e-5);
  return (1.0 - min(min(near.x, near.y), 1.0)) * clamp(0.35 / max(wide.x, wide.y), 0.0, 1.0);
}
void main() {
  float fade = 1.0 - smoothstep(2.5, 8.5, length(place - centre.xz));
  pixel = vec4(line, fade * max(0.5 * lines(place), 0.22 * lines(place * 2.0)));
}`;

const SUN = (() => { const v = [0.45, 0.82, 0.36], n = Math.hypot(...v); return [...v.map((x) => x / n), 0]; })();

function compile(gl, vertexSource, pixelSource) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertexSource], [gl.FRAGMENT_SHADER, pixelSource]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  const at = {};
  for (let i = 0; i < gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS); i++) {
    const name = gl.getActiveUniform(program, i).name.replace("[0]", "");
    at[name] = gl.getUniformLocation(program, name);
  }
  return { program, at };
}

/** Whether a context is drawn by a program on the processor. */
function isSoftware(gl) {
  if (!gl) return true;
  const hidden = gl.getParameter(gl.RENDERER) === "WebKit WebGL" && gl.getExtension("WEBGL_debug_renderer_info");
  const name = gl.getParameter(hidden ? hidden.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(name);
}

/** Puts an array into a buffer and ties it to a named input of the program. */
function attribute(gl, shader, name, values, size, { normalized = false, stride = 0, offset = 0, every = 0 } = {}) {
  const where = gl.getAttribLocation(shader.program, name);
  if (values) {
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
  }
  const types = { Float32Array: gl.FLOAT, Uint8Array: gl.UNSIGNED_BYTE, Uint16Array: gl.UNSIGNED_SHORT, Int8Array: gl.BYTE };
  gl.enableVertexAttribArray(where);
  gl.vertexAttribPointer(where, size, values ? types[values.constructor.name] : gl.FLOAT, normalized, stride, offset);
  gl.vertexAttribDivisor(where, every);
}

/** A capsule of radius 1 about the y axis: direction x, y, z and the end (0 or 1) that it belongs to. */
function capsule(around = 10, up = 3) {
  const points = [], faces = [];
  for (let ring = 0; ring <= 2 * up + 1; ring++) {
    const top = ring > up ? 1 : 0;
    const angle = ((ring - top) / up - 1) * Math.PI / 2;
    for (let k = 0; k <= around; k++) {
      const turn = 2 * Math.PI * k / around;
      points.push(Math.cos(angle) * Math.cos(turn), Math.sin(angle), Math.cos(angle) * Math.sin(turn), top);
    }
  }
  const row = around + 1;
  for (let ring = 0; ring <= 2 * up; ring++) {
    for (let k = 0; k < around; k++) {
      const a = ring * row + k;
      faces.push(a, a + row, a + 1, a + 1, a + row, a + row + 1);
    }
  }
  return { points: new Float32Array(points), faces: new Uint16Array(faces) };
}

class Scene {
  constructor(canvas, motion) {
    // Without a graphics card smooth edges would cost most of the time of a frame.
    this.soft = isSoftware(document.createElement("canvas").getContext("webgl2"));
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: !this.soft, stencil: true });
    if (!gl) throw new Error("This browser offers no WebGL 2, so the 3D view cannot be shown.");
    this.gl = gl;
    this.canvas = canvas;
    this.shadows = true;
    this.recolour();
    this.floor = this.makeFloor();
    this.bones = this.makeBones();
    this.show(motion);
  }

  /** Takes a person in the place of the one before. */
  show(motion) {
    this.motion = motion;
    this.skin = motion.arrays.vertices ? this.makeSkin(motion.arrays) : null;
  }

  recolour() {
    const names = ["left", "right", "middle", "teacher", "body", "sky", "grid", "flag"];
    this.colours = Object.fromEntries(names.map((name) => [name, themeColour(`--${name}`).rgb]));
  }

  makeFloor() {
    const gl = this.gl, shader = compile(gl, FLOOR_SHADER, FLOOR_PIXELS), array = gl.createVertexArray();
    gl.bindVertexArray(array);
    attribute(gl, shader, "corner", new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), 2);
    return { ...shader, array };
  }

  makeBones() {
    const gl = this.gl, shader = compile(gl, BONE_SHADER, BONE_PIXELS), array = gl.createVertexArray();
    const shape = capsule();
    gl.bindVertexArray(array);
    attribute(gl, shader, "capsule", shape.points, 4);
    const instances = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, instances);
    attribute(gl, shader, "start", null, 4, { stride: 40, every: 1 });
    attribute(gl, shader, "end", null, 3, { stride: 40, offset: 16, every: 1 });
    attribute(gl, shader, "colour", null, 3, { stride: 40, offset: 28, every: 1 });
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, shape.faces, gl.STATIC_DRAW);
    return { ...shader, array, instances, size: shape.faces.length, count: 0 };
  }

  makeSkin(arrays) {
    const gl = this.gl, shader = compile(gl, SKIN_SHADER, SKIN_PIXELS), array = gl.createVertexArray();
    gl.bindVertexArray(array);
    const moving = gl.createBuffer(), posed = new Float32Array(arrays.vertices.length * 2);
    gl.bindBuffer(gl.ARRAY_BUFFER, moving);
    attribute(gl, shader, "position", null, 3, { stride: 24 });
    attribute(gl, shader, "normal", null, 3, { stride: 24, offset: 12 });
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, arrays.faces, gl.STATIC_DRAW);
    const kind = arrays.faces instanceof Uint32Array ? gl.UNSIGNED_INT : gl.UNSIGNED_SHORT;
    return { ...shader, array, moving, posed, size: arrays.faces.length, kind };
  }

  /** One capsule per bone: start, radius, end, colour. */
  fillBones(skeletons) {
    const values = [];
    for (const { places, bones, radius, colourOf } of skeletons) {
      for (const [from, to] of bones) {
        const a = Array.from(places.subarray(from * 3, from * 3 + 3));
        values.push(...a, radius, ...places.subarray(to * 3, to * 3 + 3), ...this.colours[colourOf(to)]);
      }
      for (let joint = 0; joint < places.length / 3; joint++) {
        const a = Array.from(places.subarray(joint * 3, joint * 3 + 3));
        values.push(...a, radius * 1.5, ...a, ...this.colours[colourOf(joint)]);
      }
    }
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.bones.instances);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, new Float32Array(values), this.gl.DYNAMIC_DRAW);
    this.bones.count = values.length / 10;
  }

  fillSkin(rows) {
    skinVertices(this.skin.posed, this.motion.arrays, rows);
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.skin.moving);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, this.skin.posed, this.gl.DYNAMIC_DRAW);
  }

  setShared(part, camera, flatten, opacity) {
    const gl = this.gl;
    gl.useProgram(part.program);
    gl.bindVertexArray(part.array);
    gl.uniformMatrix4fv(part.at.camera, false, camera.matrix);
    gl.uniform4fv(part.at.sun, SUN);
    gl.uniform3fv(part.at.eye, camera.eye);
    gl.uniform1f(part.at.floorY, this.motion.ground_height_m);
    gl.uniform1i(part.at.flatten_, flatten ? 1 : 0);
    gl.uniform1f(part.at.opacity, opacity);
  }

  drawBones(camera, flatten, opacity) {
    const gl = this.gl;
    if (!this.bones.count) return;
    this.setShared(this.bones, camera, flatten, opacity);
    gl.drawElementsInstanced(gl.TRIANGLES, this.bones.size, gl.UNSIGNED_SHORT, 0, this.bones.count);
  }

  drawSkin(camera, flatten) {
    const gl = this.gl;
    this.setShared(this.skin, camera, flatten, 1);
    gl.uniform3fv(this.skin.at.base, this.colours.body);
    gl.drawElements(gl.TRIANGLES, this.skin.size, this.skin.kind, 0);
  }

  drawFloor(camera) {
    const gl = this.gl;
    gl.useProgram(this.floor.program);
    gl.bindVertexArray(this.floor.array);
    gl.uniformMatrix4fv(this.floor.at.camera, false, camera.matrix);
    gl.uniform3fv(this.floor.at.centre, camera.target);
    gl.uniform1f(this.floor.at.floorY, this.motion.ground_height_m);
    gl.uniform3fv(this.floor.at.line, this.colours.grid);
    gl.depthMask(false);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    gl.depthMask(true);
  }

  /** What falls on the floor darkens each pixel once: the stencil remembers where it has. */
  drawShadow(camera, body) {
    const gl = this.gl;
    gl.enable(gl.STENCIL_TEST);
    gl.stencilFunc(gl.EQUAL, 0, 255);
    gl.stencilOp(gl.KEEP, gl.KEEP, gl.INCR);
    gl.depthMask(false);
    if (body) this.drawSkin(camera, true);
    else this.drawBones(camera, true, 1);
    gl.depthMask(true);
    gl.disable(gl.STENCIL_TEST);
  }

  /** rows is null where the body is hidden; bones show through the body, as in an X-ray. */
  draw(camera, rows, skeletons) {
    const gl = this.gl;
    this.fillBones(skeletons);
    if (rows) this.fillSkin(rows);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(...this.colours.sky, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT | gl.STENCIL_BUFFER_BIT);
    gl.disable(gl.CULL_FACE);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.drawFloor(camera);
    // The body is closed, so its far side is never seen, and half of the triangles need no pixels.
    gl.enable(gl.CULL_FACE);
    if (this.shadows) this.drawShadow(camera, Boolean(rows));
    if (rows) this.drawSkin(camera, false);
    if (rows) gl.clear(gl.DEPTH_BUFFER_BIT);
    this.drawBones(camera, false, rows ? 0.8 : 1);
  }
}
