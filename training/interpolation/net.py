"""Two pictures and a time between them in, the picture of that time out: motion, a mask and a residue.

Each picture becomes features at a half, a quarter and an eighth of its size, once, whatever times are asked for. At an eighth all
movements of up to 24 pixels in 8s are compared (a cost volume), and every place of the picture between gets a motion v, in pixels from
the first picture to the second. At a quarter and a half both pictures' features are fetched along v and v is made better. The picture
is what both show there, the first at x - t v and the second at x + (1 - t) v, mixed by a mask, and a residue;
but where both differ there no less than they do without any motion, they are blended. `src/interpolate/` computes the same.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

HALF, QUARTER, EIGHTH = 16, 32, 64  # channels of the features
REACH, BESIDE = 3, 1  # cells that a movement may be long, along either side: at an eighth, and beside what is known at a quarter and a half
LEAST = 1e-3  # what is beside a mean of costs, so that nothing is made of nothing
CHOOSY = 10.0
COARSE, MIDDLE, FINE = 64, 48, 32  # channels of the three estimates
UNIT = 8  # what sides are multiples of
SLOPE = 0.1
BLOCK = 4  # pixels along either side over which differences are taken together
DOUBT, NOISE = 2.0, 0.01  # how much what a motion leaves unexplained counts, and which differences are none


def conv(inputs, outputs, stride=1):
    return nn.Conv2d(inputs, outputs, 3, stride, 1)


def act(x):
    return F.leaky_relu(x, SLOPE)


def fetched(x, flow):
    """What `x` [n,c,h,w] shows at each place plus `flow` [n,2,h,w] (across, down, in pixels), between pixels by straight lines; beyond
    its edges it goes on as at the edge."""
    h, w = x.shape[-2:]
    across = torch.arange(w, dtype=flow.dtype, device=x.device) + flow[:, 0]
    down = torch.arange(h, dtype=flow.dtype, device=x.device)[:, None] + flow[:, 1]
    grid = torch.stack((across * (2 / max(w - 1, 1)) - 1, down * (2 / max(h - 1, 1)) - 1), -1)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=True)


def larger(x):
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def costs(a, b, reach):
    """How unalike `a` and `b` [n,c,h,w] are at either end of every movement of up to `reach` cells along either side through a place, and
    around: [n,(2 reach + 1)^2,h,w], as shares of their mean. A movement of d cells begins ceil(d / 2) before the place and ends
    floor(d / 2) behind it; beyond the edges a picture goes on as at the edge."""
    h, w = a.shape[-2:]
    most = (reach + 1) // 2
    a, b = (F.pad(x, (most,) * 4, mode="replicate") for x in (a, b))
    out = []
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            by, bx = dy // 2, dx // 2
            ay, ax = by - dy, bx - dx
            own = a[..., most + ay:most + ay + h, most + ax:most + ax + w]
            out.append(((own - b[..., most + by:most + by + h, most + bx:most + bx + w]) ** 2).mean(1))
    out = F.avg_pool2d(torch.stack(out, 1), 3, 1, 1, count_include_pad=False)
    return out / (out.mean(1, keepdim=True) + LEAST)


def cheapest(shares, reach):
    """Of `costs` the movement that is likeliest, the mean of all weighted by how cheap they are: [n,2,h,w]."""
    weights = torch.softmax(-CHOOSY * shares, 1)
    d = torch.arange(-reach, reach + 1, dtype=shares.dtype)
    across, down = d.repeat(2 * reach + 1), d.repeat_interleave(2 * reach + 1)
    return torch.stack([(weights * way.view(1, -1, 1, 1)).sum(1) for way in (across, down)], 1)


def smooth(shape):
    """Random kernels without hard edges, so that features change little where a picture moves by less than their pixels."""
    line = torch.tensor([0.25, 0.5, 0.25])
    across = torch.tensor([-1.0, 0.0, 1.0]).expand(3, 3)
    blur, slopes = torch.randn(*shape[:2], 1, 1), torch.randn(2, *shape[:2], 1, 1)
    kernels = line[:, None] * line * (blur + 1.5 * (slopes[0] * across + slopes[1] * across.T))
    return 1.2 * kernels / kernels.pow(2).sum((1, 2, 3), keepdim=True).sqrt()


def around(apart):
    """How far pictures are apart [n,3,h,w] around each place, over 12x12 pixels: [n,1,h,w]."""
    h, w = apart.shape[-2:]
    mean = F.pad(apart.abs().mean(1, keepdim=True), (0, -w % BLOCK, 0, -h % BLOCK), mode="replicate")
    mean = F.avg_pool2d(F.avg_pool2d(mean, BLOCK), 3, 1, 1, count_include_pad=False)
    return larger(larger(mean))[..., :h, :w]


class Between(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_in = conv(3, HALF, 2)
        self.quarter = nn.ModuleList([conv(HALF, QUARTER, 2), conv(QUARTER, QUARTER)])
        self.eighth = nn.ModuleList([conv(QUARTER, EIGHTH, 2), conv(EIGHTH, EIGHTH)])
        far, near = (2 * REACH + 1) ** 2, (2 * BESIDE + 1) ** 2
        self.coarse = nn.ModuleList([conv(far + 2 * EIGHTH + 3, COARSE), *(conv(COARSE, COARSE) for _ in range(3))])
        self.coarse_out = nn.Conv2d(COARSE, 2 + 4 * MIDDLE, 3, 1, 1)
        self.middle = nn.ModuleList([conv(near + 2 * QUARTER + MIDDLE + 3, MIDDLE), *(conv(MIDDLE, MIDDLE) for _ in range(2))])
        self.middle_out = nn.Conv2d(MIDDLE, 2 + 4 * FINE, 3, 1, 1)
        self.fine = nn.ModuleList([conv(near + 2 * HALF + FINE + 3, FINE), conv(FINE, FINE)])
        self.conv_out = nn.Conv2d(FINE, 2 + 4 * 4, 3, 1, 1)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, a=SLOPE)
                nn.init.zeros_(m.bias)
        for layer in (self.conv_in, *self.quarter, *self.eighth):
            layer.weight.data.copy_(smooth(layer.weight.shape))
        # To begin with, the picture is what both show along the cheapest movements.
        for out in (self.coarse_out, self.middle_out):
            out.weight.data[:2] = 0
        self.conv_out.weight.data[:] = 0

    def features(self, x):
        """Pictures [n,3,h,w] in [-1,1] to features at a half, a quarter and an eighth."""
        half = act(self.conv_in(x))
        quarter = half
        for layer in self.quarter:
            quarter = act(layer(quarter))
        eighth = quarter
        for layer in self.eighth:
            eighth = act(layer(eighth))
        return half, quarter, eighth

    @staticmethod
    def refined(layers, out, a, b, hidden, v, t):
        """A better v, and what the next level is told."""
        a, b = fetched(a, -t * v), fetched(b, (1 - t) * v)
        shares = costs(a, b, BESIDE)
        v = v + cheapest(shares, BESIDE)
        x = torch.cat((shares, a, b, hidden.to(a.dtype), v, t.expand_as(v[:, :1])), 1)
        for layer in layers:
            x = act(layer(x))
        x = out(x)
        return v + x[:, :2].to(v.dtype), x[:, 2:]

    def motion(self, first, second, t):
        """Features of both pictures and times [n,1,1,1] to v at every level, in each level's pixels, and what the last one says besides,
        at a half: 16 channels."""
        (ha, qa, ea), (hb, qb, eb) = [[f.to(t.dtype) for f in fs] for fs in (first, second)]
        shares = costs(ea, eb, REACH)
        v8 = cheapest(shares, REACH)
        x = torch.cat((shares, ea, eb, v8, t.expand_as(ea[:, :1])), 1)
        for layer in self.coarse:
            x = act(layer(x))
        x = self.coarse_out(x)
        v8, hidden = v8 + x[:, :2].to(t.dtype), x[:, 2:]
        v4, hidden = self.refined(self.middle, self.middle_out, qa, qb, act(F.pixel_shuffle(hidden, 2)), 2 * larger(v8), t)
        v2, rest = self.refined(self.fine, self.conv_out, ha, hb, act(F.pixel_shuffle(hidden, 2)), 2 * larger(v4), t)
        return v8, v4, v2, rest

    def forward(self, a, b, t, levels=False):
        """Pictures [n,3,h,w] in [-1,1] at times t [n] between them; with `levels` also v at every level."""
        h, w = a.shape[-2:]
        pad = (0, -w % UNIT, 0, -h % UNIT)
        t = t.view(-1, 1, 1, 1)
        first, second = (self.features(F.pad(x, pad, mode="replicate")) for x in (a, b))
        v8, v4, v2, rest = self.motion(first, second, t)
        rest = F.pixel_shuffle(rest.to(t.dtype), 2)[..., :h, :w]
        v = (2 * larger(v2))[..., :h, :w]
        one, other = fetched(a, -t * v), fetched(b, (1 - t) * v)
        share = torch.sigmoid(rest[:, :1] + torch.log((1 - t) / t))
        out = one * share + other * (1 - share) + rest[:, 1:]
        # Where the motion doesn't explain in what the pictures differ, they are blended.
        before, after = around(a - b), around(one - other)
        trust = before ** 2 / (before ** 2 + DOUBT * after ** 2 + NOISE ** 2)
        blend = (1 - t) * a + t * b
        out = blend + trust * (out - blend)
        return (out, (v8, v4, v2)) if levels else out
