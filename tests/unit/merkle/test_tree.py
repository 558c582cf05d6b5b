"""The tree of RFC 6962: published roots and proofs, and no proof of anything that is not so."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.errors import CryptoError, IntegrityError
from exchange.merkle import tree
from exchange.merkle.tree import EMPTY_ROOT, Frontier, Tree, leaf_hash, node_hash

# The leaves and roots of the certificate-transparency reference implementation's tests.
LEAVES = [
    bytes.fromhex(x)
    for x in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [leaf_hash(x) for x in LEAVES]
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def definition(hashes):
    """MTH of RFC 9162 §2.1.1, as it stands there."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(definition(hashes[:half]), definition(hashes[half:]))


def path(index, hashes):
    """PATH of RFC 9162 §2.1.3.1, as it stands there."""
    if len(hashes) == 1:
        return []
    half = 1 << (len(hashes) - 1).bit_length() - 1
    if index < half:
        return [*path(index, hashes[:half]), definition(hashes[half:])]
    return [*path(index - half, hashes[half:]), definition(hashes[:half])]


def subproof(old, hashes, known):
    """SUBPROOF of RFC 9162 §2.1.4.1, as it stands there."""
    if old == len(hashes):
        return [] if known else [definition(hashes)]
    half = 1 << (len(hashes) - 1).bit_length() - 1
    if old <= half:
        return [*subproof(old, hashes[:half], known), definition(hashes[half:])]
    return [*subproof(old - half, hashes[half:], False), definition(hashes[:half])]


def some(count):
    return [hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(count)]


@pytest.mark.parametrize("size", range(9))
def test_rfc_6962_roots(size):
    assert tree.root_of(HASHES[:size]).hex() == ROOTS[size]
    assert Tree(HASHES).root(size).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_rfc_6962_inclusion_proofs(index, size):
    proof = Tree(HASHES).inclusion_proof(index, size)
    assert [x.hex() for x in proof] == INCLUSION[index, size]
    tree.verify_inclusion(HASHES[index], index, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "size"), CONSISTENCY)
def test_rfc_6962_consistency_proofs(old, size):
    proof = Tree(HASHES).consistency_proof(old, size)
    assert [x.hex() for x in proof] == CONSISTENCY[old, size]
    tree.verify_consistency(old, bytes.fromhex(ROOTS[old]), size, bytes.fromhex(ROOTS[size]), proof)


@given(st.integers(0, 300))
def test_frontier_and_tree_agree_with_the_definition(count):
    hashes = some(count)
    assert tree.root_of(hashes) == Tree(hashes).root() == definition(hashes)


@given(st.integers(1, 130), st.data())
def test_every_leaf_of_every_size_is_proven_as_defined(size, data):
    index = data.draw(st.integers(0, size - 1))
    hashes = some(140)
    proof = Tree(hashes).inclusion_proof(index, size)
    assert proof == path(index, hashes[:size]) == tree.inclusion_proof(hashes[:size], index)
    tree.verify_inclusion(hashes[index], index, size, proof, definition(hashes[:size]))


@given(st.integers(1, 130), st.data())
def test_every_earlier_size_is_proven_as_defined(size, data):
    old = data.draw(st.integers(1, size))
    hashes = some(140)
    proof = Tree(hashes).consistency_proof(old, size)
    assert proof == subproof(old, hashes[:size], True) == tree.consistency_proof(hashes[:size], old)
    tree.verify_consistency(old, definition(hashes[:old]), size, definition(hashes[:size]), proof)


@settings(max_examples=60)
@given(st.integers(1, 40), st.data())
def test_no_other_leaf_index_or_proof_is_accepted(size, data):
    index = data.draw(st.integers(0, size - 1))
    hashes = some(41)
    whole = Tree(hashes)
    proof, root = whole.inclusion_proof(index, size), whole.root(size)
    attempts = [(leaf, index, size, proof, root) for leaf in hashes if leaf != hashes[index]]
    attempts += [(hashes[index], other, size, proof, root) for other in range(-1, size + 2) if other != index]
    attempts += [(hashes[index], index, size, proof[:n], root) for n in range(len(proof))]
    attempts += [(hashes[index], index, size, [*proof, root], root)]
    attempts += [(hashes[index], index, size, proof, whole.root(size - 1))]
    attempts += [
        (hashes[index], index, size, [*proof[:n], bytes(32), *proof[n + 1 :]], root) for n in range(len(proof))
    ]
    for attempt in attempts:
        with pytest.raises(CryptoError):
            tree.verify_inclusion(*attempt)


@settings(max_examples=60)
@given(st.integers(2, 40), st.data())
def test_no_rewritten_past_is_consistent(size, data):
    old = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, old - 1))
    hashes = some(41)
    before, after = Tree(hashes), Tree([*hashes[:changed], bytes(32), *hashes[changed + 1 :]])
    for proof in (before.consistency_proof(old, size), after.consistency_proof(old, size)):
        with pytest.raises(CryptoError):
            tree.verify_consistency(old, before.root(old), size, after.root(size), proof)
    proof = before.consistency_proof(old, size)
    for bad in [*(proof[:n] for n in range(len(proof))), [*proof, bytes(32)], [bytes(32), *proof]]:
        with pytest.raises(CryptoError):
            tree.verify_consistency(old, before.root(old), size, before.root(size), bad)


def test_rollback_is_not_consistent():
    whole = Tree(some(9))
    with pytest.raises(CryptoError):
        tree.verify_consistency(9, whole.root(9), 5, whole.root(5), whole.consistency_proof(5, 9))


def test_fork_of_the_same_size_is_not_consistent():
    one, two = Tree(some(9)), Tree(some(8)[::-1])
    two.append(bytes(32))
    with pytest.raises(CryptoError):
        tree.verify_consistency(9, one.root(), 9, two.root(), [])


def test_from_the_empty_tree_everything_follows_but_only_from_its_own_root():
    whole = Tree(some(5))
    tree.verify_consistency(0, EMPTY_ROOT, 5, whole.root(), [])
    tree.verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    with pytest.raises(CryptoError):
        tree.verify_consistency(0, bytes(32), 5, whole.root(), [])
    with pytest.raises(CryptoError):
        tree.verify_consistency(0, EMPTY_ROOT, 5, whole.root(), [bytes(32)])


def test_short_proof_for_larger_size_shows_that_only_the_checkpoint_binds_the_size():
    """A proof of the last of 3 leaves also holds for a claimed size of 4 at index 2..3 only if the path has that shape."""
    whole = Tree(some(4))
    proof = whole.inclusion_proof(0, 3)
    with pytest.raises(CryptoError):
        tree.verify_inclusion(some(4)[0], 0, 5, proof, whole.root(3))
    # The size 4 gives the same path as 3 for leaf 0: same hashes, same root. The proof cannot tell; the checkpoint must.
    tree.verify_inclusion(some(4)[0], 0, 4, proof, whole.root(3))


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_what_is_no_hash_is_no_proof(size):
    whole = Tree(some(2))
    with pytest.raises(CryptoError):
        tree.verify_inclusion(some(2)[0], 0, 2, [bytes(size)], whole.root())
    with pytest.raises(CryptoError):
        tree.verify_consistency(1, whole.root(1), 2, whole.root(), [bytes(size)])
    with pytest.raises(CryptoError):
        tree.verify_inclusion(bytes(size), 0, 1, [], bytes(size))


def test_a_leaf_is_never_a_node():
    """Second preimage: the two children of a node, offered as a leaf, hash differently (0x00 and 0x01 in front)."""
    left, right = some(2)
    assert leaf_hash(left + right) != node_hash(left, right)


@given(st.integers(0, 200), st.integers(0, 20))
def test_a_stored_frontier_goes_on_where_it_stopped(size, more):
    hashes = some(221)
    frontier = Frontier()
    for leaf in hashes[:size]:
        frontier.append(leaf)
    again = Frontier.from_list(frontier.size, frontier.to_list())
    for leaf in hashes[size : size + more]:
        again.append(leaf)
    assert again.root() == definition(hashes[: size + more])


def test_a_batch_that_is_thrown_away_leaves_the_frontier_alone():
    frontier = Frontier()
    for leaf in some(7):
        frontier.append(leaf)
    before = frontier.root()
    batch = frontier.copy()
    batch.append(bytes(32))
    assert (frontier.size, frontier.root()) == (7, before)
    assert batch.size == 8


@pytest.mark.parametrize(
    ("size", "peaks"), [(1, []), (0, [bytes(32)]), (3, [bytes(32)]), (2, [bytes(31)]), (-1, [bytes(32)] * 1)]
)
def test_an_edge_that_does_not_fit_its_size_is_refused(size, peaks):
    with pytest.raises(IntegrityError):
        Frontier.from_list(size, peaks)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (0, 4), (0, -1)])
def test_no_proof_of_what_is_not_there(index, size):
    with pytest.raises(IntegrityError):
        Tree(some(3)).inclusion_proof(index, size)


@pytest.mark.parametrize(("old", "size"), [(-1, 3), (4, 3), (2, 1), (1, 4)])
def test_no_consistency_of_sizes_out_of_order(old, size):
    with pytest.raises(IntegrityError):
        Tree(some(3)).consistency_proof(old, size)
