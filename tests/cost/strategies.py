from hypothesis import strategies as st

from nas import AveragePool, Dense, Head, MaxPool, Stage

activations = st.sampled_from(["relu", "gelu", "silu", "tanh", "linear"])
norms = st.sampled_from(["none", "before", "after"])
shares = st.sampled_from([0.0, 0.3])
pools = st.builds(
    lambda kind, size, stride: kind(size=size, stride=stride),
    st.sampled_from([MaxPool, AveragePool]),
    st.integers(1, 3),
    st.none() | st.integers(1, 3),
)
dense_layers = st.lists(
    st.builds(Dense, width=st.integers(1, 9), activation=activations, batch_norm=norms, dropout=shares), max_size=3
).map(tuple)
heads = st.builds(
    Head,
    pool=st.sampled_from(["average", "max", "flatten"]),
    dense=dense_layers,
    dropout=shares,
)


@st.composite
def stages(draw):
    block = draw(st.sampled_from(["plain", "plain", "residual", "bottleneck", "separable", "inception"]))
    padding = draw(st.sampled_from(["same", "valid"])) if block == "plain" else "same"
    groups = draw(st.sampled_from([1, 1, 2, 3])) if block not in ("separable", "inception") else 1
    return Stage(
        filters=draw(st.integers(1, 2)) * groups * {"bottleneck": 4, "inception": 8}.get(block, 1),
        blocks=draw(st.integers(1, 2)),
        kernel_size=draw(st.sampled_from([1, 3, 5] if padding == "same" else [1, 2, 3, 4])),
        block=block,
        stride=draw(st.integers(1, 3)),
        padding=padding,
        groups=groups,
        activation=draw(activations),
        batch_norm=draw(norms),
        pool=draw(st.none() | pools),
        dropout=draw(shares),
    )
