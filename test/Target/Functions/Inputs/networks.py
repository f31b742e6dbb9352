"""Networks with random weights, as MLIR: ResNet-18 (He et al., 2015) with its
normalisations folded into biases, and a small vision transformer (Dosovitskiy et
al., 2020) without a class token.

    networks.py NETWORK DIALECT SIZE WIDTH > network.mlir

NETWORK is resnet18 or vit, DIALECT linalg or tosa, SIZE that of the image, WIDTH
the channels of the first stage or of a token. The function is @network, from
tensor<1xSIZExSIZEx3xf32> to tensor<1xCLASSESxf32>.
"""
import array
import random
import sys


def shape_of(dims):
    return "tensor<" + "".join(f"{d}x" for d in dims) + "f32>"


class Writer:
    def __init__(self):
        self.lines, self.resources, self.count = [], [], 0
        self.random = random.Random(7)

    def op(self, text, dims):
        self.count += 1
        name = f"%v{self.count}"
        self.lines.append(f"  {name} = {text}")
        return name, list(dims)

    def values(self, dims, scale):
        count = 1
        for d in dims:
            count *= d
        key = f"w{len(self.resources)}"
        uniform = self.random.uniform
        data = array.array("f", (uniform(-scale, scale) for _ in range(count)))
        self.resources.append(f'{key}: "0x04000000{data.tobytes().hex()}"')
        return key

    def module(self, argument, result):
        body = "\n".join(self.lines)
        return (f"func.func @network(%x: {shape_of(argument)}) -> {shape_of(result[1])} {{\n"
                f"{body}\n  return {result[0]} : {shape_of(result[1])}\n}}\n"
                "{-# dialect_resources: { builtin: { " + ", ".join(self.resources) + " } } #-}\n")

    def heads(self, x, heads):
        """[tokens, heads * size] to [heads, tokens, size]"""
        t, c = x[1]
        return self.transpose(self.reshape(x, [t, heads, c // heads]), [1, 0, 2])

    def merge(self, x):
        h, t, c = x[1]
        return self.reshape(self.transpose(x, [1, 0, 2]), [t, h * c])


class Linalg(Writer):
    def weight(self, dims, fan):
        key = self.values(dims, (3.0 / fan) ** 0.5)
        return self.op(f"arith.constant dense_resource<{key}> : {shape_of(dims)}", dims)

    def number(self, value):
        return self.op(f"arith.constant {value:.8e} : f32", [])[0]

    def empty(self, dims):
        return self.op(f"tensor.empty() : {shape_of(dims)}", dims)

    def filled(self, dims, value):
        empty = self.empty(dims)
        return self.op(f"linalg.fill ins({self.number(value)} : f32) outs({empty[0]} : {shape_of(dims)})"
                       f" -> {shape_of(dims)}", dims)

    def generic(self, inputs, dims, maps, kinds, body, start=None):
        """Inputs are values; maps say the indices of each and of the result."""
        names = [f"d{i}" for i in range(len(kinds))]
        text = ", ".join(f"affine_map<({', '.join(names)}) -> ({', '.join(m)})>" for m in maps)
        out = self.filled(dims, start) if start is not None else self.empty(dims)
        kinds = ", ".join(f'"{"parallel" if k == "p" else "reduction"}"' for k in kinds)
        arguments = ", ".join(f"%a{i}: f32" for i in range(len(inputs)))
        return self.op(
            f"linalg.generic {{indexing_maps = [{text}], iterator_types = [{kinds}]}}"
            f" ins({', '.join(v[0] for v in inputs)} : {', '.join(shape_of(v[1]) for v in inputs)})"
            f" outs({out[0]} : {shape_of(dims)}) {{\n  ^bb0({arguments}, %o: f32):\n{body}"
            f"  }} -> {shape_of(dims)}", dims)

    def elementwise(self, inputs, lines):
        """`lines` make %r of %a0, …; an input of fewer dimensions stands for the last ones."""
        dims = max((v[1] for v in inputs), key=len)
        names = [f"d{i}" for i in range(len(dims))]
        maps = []
        for value in inputs:
            skip = len(dims) - len(value[1])
            maps.append(["0" if d == 1 != dims[skip + i] else names[skip + i] for i, d in enumerate(value[1])])
        body = "".join(f"    {line}\n" for line in lines) + "    linalg.yield %r : f32\n"
        return self.generic(inputs, dims, maps + [names], "p" * len(dims), body)

    def pad(self, x, size, value):
        if not size:
            return x
        n, h, w, c = x[1]
        dims = [n, h + 2 * size, w + 2 * size, c]
        return self.op(f"tensor.pad {x[0]} low[0, {size}, {size}, 0] high[0, {size}, {size}, 0] {{\n"
                       "  ^bb0(%i: index, %j: index, %k: index, %l: index):\n"
                       f"    tensor.yield {self.number(value)} : f32\n  }}"
                       f" : {shape_of(x[1])} to {shape_of(dims)}", dims)

    def conv(self, x, outputs, kernel, stride, pad):
        w = self.weight([kernel, kernel, x[1][3], outputs], kernel * kernel * x[1][3])
        x = self.pad(x, pad, 0.0)
        size = (x[1][1] - kernel) // stride + 1
        dims = [1, size, size, outputs]
        start = self.filled(dims, 0.0)
        y = self.op(f"linalg.conv_2d_nhwc_hwcf {{strides = dense<{stride}> : tensor<2xi64>}}"
                    f" ins({x[0]}, {w[0]} : {shape_of(x[1])}, {shape_of(w[1])})"
                    f" outs({start[0]} : {shape_of(dims)}) -> {shape_of(dims)}", dims)
        return self.elementwise([y, self.weight([outputs], outputs)], ["%r = arith.addf %a0, %a1 : f32"])

    def relu(self, x):
        return self.elementwise([x], ["%z = arith.constant 0.0 : f32", "%r = arith.maximumf %a0, %z : f32"])

    def add(self, x, y):
        return self.elementwise([x, y], ["%r = arith.addf %a0, %a1 : f32"])

    def max_pool(self, x):
        x = self.pad(x, 1, -3.0e38)
        size = (x[1][1] - 3) // 2 + 1
        dims = [1, size, size, x[1][3]]
        window, start = self.empty([3, 3]), self.filled(dims, -3.0e38)
        return self.op(f"linalg.pooling_nhwc_max {{strides = dense<2> : tensor<2xi64>}}"
                       f" ins({x[0]}, {window[0]} : {shape_of(x[1])}, {shape_of([3, 3])})"
                       f" outs({start[0]} : {shape_of(dims)}) -> {shape_of(dims)}", dims)

    def scale(self, x, factor):
        return self.elementwise([x], [f"%f = arith.constant {factor:.8e} : f32", "%r = arith.mulf %a0, %f : f32"])

    def reduce(self, x, dims, what="addf", start=0.0):
        """Over dimensions, which stay as 1 where the others are tokens."""
        names = [f"d{i}" for i in range(len(x[1]))]
        result = [n for i, n in enumerate(names) if i not in dims]
        kinds = "".join("r" if i in dims else "p" for i in range(len(names)))
        body = f"    %r = arith.{what} %o, %a0 : f32\n    linalg.yield %r : f32\n"
        return self.generic([x], [x[1][int(n[1:])] for n in result], [names, result], kinds, body, start)

    def mean_pool(self, x):
        total = self.reduce(x, list(range(1, len(x[1]) - 1)))
        count = 1
        for d in x[1][1:-1]:
            count *= d
        return self.scale(total, 1.0 / count)

    def matmul(self, x, w, dims):
        kind = "matmul" if len(dims) == 2 else "batch_matmul"
        start = self.filled(dims, 0.0)
        return self.op(f"linalg.{kind} ins({x[0]}, {w[0]} : {shape_of(x[1])}, {shape_of(w[1])})"
                       f" outs({start[0]} : {shape_of(dims)}) -> {shape_of(dims)}", dims)

    def linear(self, x, outputs):
        y = self.matmul(x, self.weight([x[1][-1], outputs], x[1][-1]), [x[1][0], outputs])
        return self.elementwise([y, self.weight([outputs], outputs)], ["%r = arith.addf %a0, %a1 : f32"])

    def flatten(self, x):
        n, h, w, c = x[1]
        return self.op(f"tensor.collapse_shape {x[0]} [[0, 1, 2], [3]] : {shape_of(x[1])} into {shape_of([h * w, c])}",
                       [h * w, c])

    def heads(self, x, heads):
        t, c = x[1]
        y = self.op(f"tensor.expand_shape {x[0]} [[0], [1, 2]] output_shape [{t}, {heads}, {c // heads}]"
                    f" : {shape_of(x[1])} into {shape_of([t, heads, c // heads])}", [t, heads, c // heads])
        return self.transpose(y, [1, 0, 2])

    def merge(self, x):
        h, t, c = x[1]
        y = self.transpose(x, [1, 0, 2])
        return self.op(f"tensor.collapse_shape {y[0]} [[0], [1, 2]] : {shape_of(y[1])} into {shape_of([t, h * c])}",
                       [t, h * c])

    def transpose(self, x, order):
        dims = [x[1][i] for i in order]
        empty = self.empty(dims)
        return self.op(f"linalg.transpose ins({x[0]} : {shape_of(x[1])}) outs({empty[0]} : {shape_of(dims)})"
                       f" permutation = {order}", dims)

    def softmax(self, x):
        empty = self.empty(x[1])
        return self.op(f"linalg.softmax dimension({len(x[1]) - 1}) ins({x[0]} : {shape_of(x[1])})"
                       f" outs({empty[0]} : {shape_of(x[1])}) -> {shape_of(x[1])}", x[1])

    def rows(self, x, statistic, lines):
        names = ["d0", "d1"]
        body = "".join(f"    {line}\n" for line in lines) + "    linalg.yield %r : f32\n"
        return self.generic([x, statistic], x[1], [names, ["d0"], names], "pp", body)

    def normalize(self, x):
        n = x[1][1]
        mean = self.scale(self.reduce(x, [1]), 1.0 / n)
        centred = self.rows(x, mean, ["%r = arith.subf %a0, %a1 : f32"])
        square = self.elementwise([centred], ["%r = arith.mulf %a0, %a0 : f32"])
        root = self.elementwise([self.scale(self.reduce(square, [1]), 1.0 / n)],
                                ["%e = arith.constant 1.0e-6 : f32", "%s = arith.addf %a0, %e : f32",
                                 "%r = math.rsqrt %s : f32"])
        y = self.rows(centred, root, ["%r = arith.mulf %a0, %a1 : f32"])
        return self.elementwise([y, self.weight([n], 3.0), self.weight([n], n)],
                                ["%t = arith.mulf %a0, %a1 : f32", "%r = arith.addf %t, %a2 : f32"])

    def gelu(self, x):
        return self.elementwise([x], [
            "%h = arith.constant 0.70710678 : f32", "%c = arith.constant 0.5 : f32",
            "%one = arith.constant 1.0 : f32", "%s = arith.mulf %a0, %h : f32", "%e = math.erf %s : f32",
            "%p = arith.addf %e, %one : f32", "%q = arith.mulf %a0, %c : f32", "%r = arith.mulf %q, %p : f32"])

    def position(self, x):
        return self.add(x, self.weight(x[1], 12.0))

    def vector(self, x):
        """[tokens, channels] to the mean token, [1, channels]"""
        n, c = x[1]
        body = "    %r = arith.addf %o, %a0 : f32\n    linalg.yield %r : f32\n"
        total = self.generic([x], [1, c], [["d0", "d1"], ["0", "d1"]], "rp", body, 0.0)
        return self.scale(total, 1.0 / n)

    def classes(self, x, count):
        return self.linear(x, count)


class Tosa(Writer):
    def __init__(self):
        super().__init__()
        self.zero = self.constant("dense<0.0>", [1])
        self.shift = self.op('"tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>', [])[0]

    def constant(self, value, dims):
        return self.op(f'"tosa.const"() <{{values = {value} : {shape_of(dims)}}}> : () -> {shape_of(dims)}', dims)

    def weight(self, dims, fan):
        return self.constant(f"dense_resource<{self.values(dims, (3.0 / fan) ** 0.5)}>", dims)

    def simple(self, name, inputs, dims, attributes=""):
        types = ", ".join(shape_of(v[1]) for v in inputs)
        return self.op(f"tosa.{name} {', '.join(v[0] for v in inputs)}{attributes} : ({types}) -> {shape_of(dims)}",
                       dims)

    def binary(self, name, x, y):
        """With the batches of one that TOSA's equal ranks take."""
        if len(y[1]) < len(x[1]):
            y = self.reshape(y, [1] * (len(x[1]) - len(y[1])) + y[1])
        return self.simple(name, [x, y], x[1])

    def mul(self, x, y):
        if len(y[1]) < len(x[1]):
            y = self.reshape(y, [1] * (len(x[1]) - len(y[1])) + y[1])
        return self.op(f"tosa.mul {x[0]}, {y[0]}, {self.shift} : ({shape_of(x[1])}, {shape_of(y[1])}, tensor<1xi8>)"
                       f" -> {shape_of(x[1])}", x[1])

    def add(self, x, y):
        return self.binary("add", x, y)

    def conv(self, x, outputs, kernel, stride, pad):
        w = self.weight([outputs, kernel, kernel, x[1][3]], kernel * kernel * x[1][3])
        bias = self.weight([outputs], outputs)
        # TOSA wants windows that fit.
        extra = (x[1][1] + 2 * pad - kernel) % stride
        size = (x[1][1] + 2 * pad - kernel) // stride + 1
        far = pad - extra
        if far < 0:
            n, h, _, c = x[1]
            keep = h + far
            start = self.op(f"tosa.const_shape {{values = dense<0> : tensor<4xindex>}} : () -> !tosa.shape<4>", [])
            extent = self.op(f"tosa.const_shape {{values = dense<[1, {keep}, {keep}, {c}]> : tensor<4xindex>}}"
                             " : () -> !tosa.shape<4>", [])
            x = self.op(f"tosa.slice {x[0]}, {start[0]}, {extent[0]} : ({shape_of(x[1])}, !tosa.shape<4>,"
                        f" !tosa.shape<4>) -> {shape_of([n, keep, keep, c])}", [n, keep, keep, c])
            far = 0
        return self.simple("conv2d", [x, w, bias, self.zero, self.zero], [1, size, size, outputs],
                           f" {{acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: {pad}, {far}, {pad},"
                           f" {far}>, stride = array<i64: {stride}, {stride}>}}")

    def relu(self, x):
        return self.op(f"tosa.clamp {x[0]} {{min_val = 0.0 : f32, max_val = 3.4e38 : f32}} : ({shape_of(x[1])})"
                       f" -> {shape_of(x[1])}", x[1])

    def max_pool(self, x):
        size = (x[1][1] + 2 - 3) // 2 + 1
        far = 1 - (x[1][1] + 2 - 3) % 2
        return self.simple("max_pool2d", [x], [1, size, size, x[1][3]],
                           " {kernel = array<i64: 3, 3>, pad = array<i64: 1, %d, 1, %d>, stride = array<i64: 2, 2>}"
                           % (far, far))

    def reshape(self, x, dims):
        shape = self.op(f"tosa.const_shape {{values = dense<[{', '.join(map(str, dims))}]> : tensor<{len(dims)}xindex>}}"
                        f" : () -> !tosa.shape<{len(dims)}>", [])
        return self.op(f"tosa.reshape {x[0]}, {shape[0]} : ({shape_of(x[1])}, !tosa.shape<{len(dims)}>)"
                       f" -> {shape_of(dims)}", dims)

    def reduce(self, x, axis, name="reduce_sum"):
        dims = list(x[1])
        dims[axis] = 1
        return self.op(f"tosa.{name} {x[0]} {{axis = {axis} : i32}} : ({shape_of(x[1])}) -> {shape_of(dims)}", dims)

    def scale(self, x, factor):
        return self.mul(x, self.constant(f"dense<{factor:.8e}>", [1] * len(x[1])))

    def mean_pool(self, x):
        _, h, w, c = x[1]
        total = self.reduce(self.reduce(x, 1), 2)
        return self.scale(self.reshape(total, [1, c]), 1.0 / (h * w))

    def matmul(self, x, y):
        dims = [x[1][0], x[1][1], y[1][2]]
        return self.simple("matmul", [x, y, self.zero, self.zero], dims)

    def linear(self, x, outputs):
        t, c = x[1]
        y = self.matmul(self.reshape(x, [1, t, c]), self.weight([1, c, outputs], c))
        return self.add(self.reshape(y, [t, outputs]), self.weight([outputs], outputs))

    def flatten(self, x):
        _, h, w, c = x[1]
        return self.reshape(x, [h * w, c])

    def transpose(self, x, order):
        return self.simple("transpose", [x], [x[1][i] for i in order],
                           f" {{perms = array<i32: {', '.join(map(str, order))}>}}")

    def softmax(self, x):
        axis = len(x[1]) - 1
        top = self.reduce(x, axis, "reduce_max")
        e = self.simple("exp", [self.binary("sub", x, top)], x[1])
        return self.mul(e, self.simple("reciprocal", [self.reduce(e, axis)], self.reduce(e, axis)[1]))

    def normalize(self, x):
        n = x[1][1]
        centred = self.binary("sub", x, self.scale(self.reduce(x, 1), 1.0 / n))
        variance = self.scale(self.reduce(self.mul(centred, centred), 1), 1.0 / n)
        moved = self.add(variance, self.constant("dense<1.0e-6>", [1, 1]))
        y = self.mul(centred, self.simple("rsqrt", [moved], moved[1]))
        return self.add(self.mul(y, self.weight([n], 3.0)), self.weight([n], n))

    def gelu(self, x):
        e = self.simple("erf", [self.scale(x, 0.70710678)], x[1])
        return self.mul(self.scale(x, 0.5), self.add(e, self.constant("dense<1.0>", [1, 1])))

    def position(self, x):
        return self.add(x, self.weight(x[1], 12.0))

    def vector(self, x):
        return self.scale(self.reduce(x, 0), 1.0 / x[1][0])

    def classes(self, x, count):
        return self.linear(x, count)


def resnet18(w, x, width):
    x = w.max_pool(w.relu(w.conv(x, width, 7, 2, 3)))
    for stage in range(4):
        channels = width << stage
        for block in range(2):
            stride = 2 if stage and not block else 1
            y = w.relu(w.conv(x, channels, 3, stride, 1))
            y = w.conv(y, channels, 3, 1, 1)
            if stride != 1:
                x = w.conv(x, channels, 1, stride, 0)
            x = w.relu(w.add(y, x))
    return w.classes(w.mean_pool(x), 1000)


def vit(w, x, width):
    x = w.position(w.flatten(w.conv(x, width, 16, 16, 0)))
    heads = width // 64 or 1
    for _ in range(4):
        y = w.normalize(x)
        q, k, v = (w.heads(w.linear(y, width), heads) for _ in range(3))
        size = width // heads
        k = w.transpose(k, [0, 2, 1])
        tokens = x[1][0]
        if isinstance(w, Tosa):
            scores = w.matmul(w.scale(q, size ** -0.5), k)
            y = w.matmul(w.softmax(scores), v)
        else:
            scores = w.matmul(w.scale(q, size ** -0.5), k, [heads, tokens, tokens])
            y = w.matmul(w.softmax(scores), v, [heads, tokens, size])
        x = w.add(w.linear(w.merge(y), width), x)
        y = w.linear(w.gelu(w.linear(w.normalize(x), 4 * width)), width)
        x = w.add(y, x)
    return w.classes(w.vector(w.normalize(x)), 1000)


def main():
    network, dialect, size, width = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    writer = {"linalg": Linalg, "tosa": Tosa}[dialect]()
    dims = [1, size, size, 3]
    result = {"resnet18": resnet18, "vit": vit}[network](writer, ("%x", dims), width)
    sys.stdout.write(writer.module(dims, result))


if __name__ == "__main__":
    main()
