"""Pairs of values, each made by a piece of a user's code: which must have different keys, and which equal ones.

A pair is a piece of code that makes ``value``, and what in it is replaced by what.
"""

import textwrap
import types

from sklearn.base import BaseEstimator, TransformerMixin


class Shift(TransformerMixin, BaseEstimator):
    """A transformer of the user's own: not from any library."""

    def __init__(self, by=1.0):
        self.by = by

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X + self.by


HEAD = """
    import abc, collections, dataclasses, datetime, decimal, enum, functools, operator, pathlib, re
    import numpy as np, pandas as pd, polars as pl, scipy.sparse, scipy.stats, sklearn
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.compose import ColumnTransformer
    from sklearn.decomposition import PCA
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LinearRegression, Ridge
    from sklearn.metrics import accuracy_score, make_scorer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler
    X = np.arange(12.0).reshape(6, 2) ** 2
    y = np.array([0.0, 1, 0, 1, 0, 3])
    class Holder:
        def __init__(self, held):
            self.held = held
"""

DIFFERENT = {
    # what fitted estimators have learnt, wherever they are held
    "in a global of a function": (
        "scaler = StandardScaler().fit(X)\ndef f(X): return scaler.transform(X)\nvalue = f",
        [(".fit(X)", ".fit(2 * X)"), (".fit(X)", "")],
    ),
    "in a closure": (
        "def make(model):\n    return lambda X: model.predict(X)\nvalue = make(LinearRegression().fit(X, y))",
        [("fit(X, y)", "fit(X, y + X[:, 0] ** 2)"), (".fit(X, y)", "")],
    ),
    "in a partial": (
        "def f(model, X): return model.predict(X)\nvalue = functools.partial(f, Ridge().fit(X, y))",
        [("fit(X, y)", "fit(X, -y)")],
    ),
    "in a partial of a method": ("value = functools.partial(Ridge().fit(X, y).predict)", [("X, y)", "X, -y)")]),
    "in a bound method": ("value = PCA(1).fit(X).transform", [("fit(X)", "fit(-X[:, ::-1])")]),
    "in an object": ("value = Holder(StandardScaler().fit(X))", [("fit(X)", "fit(2 * X)")]),
    "in a list in an object": ("value = Holder([StandardScaler().fit(X)])", [("fit(X)", "fit(2 * X)")]),
    "in a default": (
        "def f(X, scaler=StandardScaler().fit(X)): return scaler.transform(X)\nvalue = f",
        [(".fit(X))", ".fit(2 * X))")],
    ),
    "in a keyword default": (
        "def f(X, *, scaler=StandardScaler().fit(X)): return scaler.transform(X)\nvalue = f",
        [(".fit(X))", ".fit(2 * X))")],
    ),
    "in an attribute of a class": (
        "class T(BaseEstimator):\n    scaler = StandardScaler().fit(X)\nvalue = T()",
        [("fit(X)", "fit(2 * X)")],
    ),
    "in kw_args of a transformer": (
        "value = FunctionTransformer(np.clip, kw_args={'s': StandardScaler().fit(X)})",
        [("fit(X)", "fit(2 * X)")],
    ),
    "in a transformer's function": (
        "s = StandardScaler().fit(X)\nvalue = Pipeline([('f', FunctionTransformer(s.transform))])",
        [("fit(X)", "fit(2 * X)")],
    ),
    "in a scorer": (
        "def f(y, p, model): return 1\nvalue = make_scorer(f, m=RandomForestClassifier(3, random_state=0).fit(X, y > 0))",
        [("y > 0", "y > 1"), ("random_state=0", "random_state=1")],
    ),
    "deeper in what is learnt": (
        "value = Holder(Pipeline([('c', ColumnTransformer([('s', StandardScaler(), [0])]))]).fit(X))",
        [("fit(X)", "fit(2 * X)")],
    ),
    "a clone's function that learnt": (
        "s = StandardScaler().fit(X)\nvalue = Cloned(Pipeline([('f', FunctionTransformer(s.transform)), ('m', Ridge())]))",
        [("fit(X)", "fit(2 * X)")],
    ),
    # whose code it is
    "wrapped by functools.wraps of a library's": (
        "@functools.wraps(np.mean)\ndef f(X): return X * 2\nvalue = f",
        [("X * 2", "X * 3")],
    ),
    "wrapped around a library's": (
        "def twice(g):\n    @functools.wraps(g)\n    def f(X): return g(X) * 2\n    return f\nvalue = twice(np.exp)",
        [("* 2", "* 3"), ("np.exp", "np.log")],
    ),
    "decorated by a library": (
        "@np.errstate(all='ignore')\ndef f(X): return X * 2\nvalue = f",
        [("X * 2", "X * 3"), ("'ignore'", "'raise'")],
    ),
    "vectorised": ("value = np.vectorize(lambda x: x + 1)", [("x + 1", "x + 2")]),
    "cached": (
        "@functools.lru_cache(maxsize=5)\ndef f(x): return x + 1\nvalue = f",
        [("x + 1", "x + 2"), ("maxsize=5", "maxsize=6"), ("@functools.lru_cache(maxsize=5)", "@functools.cache")],
    ),
    "called through a cached function": (
        "@functools.cache\ndef g(x): return x + 1\ndef f(X): return g(len(X))\nvalue = f",
        [("x + 1", "x + 2")],
    ),
    "a cached method": (
        "class T:\n    @functools.lru_cache\n    def f(self, x): return x + 1\nvalue = T()",
        [("x + 1", "x + 2")],
    ),
    "a cached property": (
        "class T:\n    @functools.cached_property\n    def f(self): return 1\nvalue = T()",
        [("return 1", "return 2")],
    ),
    "a property's setter": (
        "class T:\n    def g(self): return 1\n    def s(self, v): self.v = v\n    p = property(g, s)\n    del g, s\nvalue = T()",
        [("self.v = v", "self.v = -v"), ("return 1", "return 2")],
    ),
    "a dunder that is no function": (
        "class T:\n    def f(self, by, X): return X * by\n    __call__ = functools.partialmethod(f, 2)\nvalue = T()",
        [("f, 2)", "f, 3)"), ("X * by", "X + by")],
    ),
    "a dunder that is an object": (
        "class T:\n    __call__ = Holder(2)\nvalue = T()",
        [("Holder(2)", "Holder(3)")],
    ),
    "a dunder set to None": ("class T:\n    __len__ = None\nvalue = T()", [("__len__ = None", "__iter__ = None")]),
    "a class method": (
        "class T:\n    @classmethod\n    def f(cls): return 1\nvalue = T()",
        [("return 1", "return 2"), ("@classmethod", "@staticmethod")],
    ),
    "a metaclass": (
        "class M(type):\n    def __call__(cls, *a): return super().__call__(*a[1:])\nclass T(metaclass=M): pass\nvalue = T",
        [("a[1:]", "a[2:]")],
    ),
    "a base class": ("class A:\n    x = 1\nclass B(A): pass\nvalue = B()", [("x = 1", "x = 2")]),
    "an abstract base": ("class A(abc.ABC):\n    x = 1\nclass B(A): pass\nvalue = B", [("x = 1", "x = 2")]),
    "a patched library class": (
        "class R(Ridge): pass\nR.fit = lambda self, X, y: self\nvalue = R()",
        [("self, X, y: self", "self, X, y: None")],
    ),
    "a nested function": (
        "def f(X):\n    def g(x): return x + 1\n    return g(X)\nvalue = f",
        [("x + 1", "x + 2")],
    ),
    "a function's own reference": (
        "def f(n): return n if n < 2 else f(n - 1) + k\nk = 1\nvalue = f",
        [("k = 1", "k = 2")],
    ),
    "functions that call each other": (
        "def f(n): return g(n - 1)\ndef g(n): return f(n) + 1\nvalue = [g, f]",
        [("f(n) + 1", "f(n) + 2"), ("n - 1", "n - 2"), ("[g, f]", "[f, g]")],
    ),
    "flags of code": ("def f(*a): yield a\nvalue = f", [("yield a", "return a"), ("*a", "**a")]),
    "positional only": ("def f(a, b): return a - b\nvalue = f", [("a, b)", "a, /, b)"), ("a, b)", "a, *, b)")]),
    # containers and objects of unusual kinds
    "a default factory": (
        "value = collections.defaultdict(lambda: 1, {'a': 2})",
        [("lambda: 1", "lambda: 2"), ("lambda: 1", "list"), ("'a': 2", "'a': 3")],
    ),
    "a default factory by name": ("value = collections.defaultdict(int)", [("int)", "float)")]),
    "attributes of a dict": (
        "class D(dict): pass\nvalue = D(a=1)\nvalue.limit = 1",
        [("limit = 1", "limit = 2"), ("a=1", "a=2"), ("D(a=1)", "dict.__new__(D)")],
    ),
    "attributes of a list": (
        "class L(list): pass\nvalue = L([1])\nvalue.limit = 1",
        [("limit = 1", "limit = 2"), ("[1]", "[2]")],
    ),
    "attributes of a tuple": (
        "class P(tuple): pass\nvalue = P([1])\nvalue.limit = 1",
        [("limit = 1", "limit = 2"), ("[1]", "[2]")],
    ),
    "attributes of a set": (
        "class S(set): pass\nvalue = S('ab')\nvalue.limit = 1",
        [("limit = 1", "limit = 2"), ("'ab'", "'ac'")],
    ),
    "attributes of a str": (
        "class S(str): pass\nvalue = S('ab')\nvalue.limit = 1",
        [("limit = 1", "limit = 2"), ("'ab'", "'ac'"), ("S('ab')\nvalue.limit = 1", "'ab'")],
    ),
    "attributes of a float": (
        "class F(float): pass\nvalue = F(.1)\nvalue.limit = 1",
        [("limit = 1", "limit = 2"), ("F(.1)", "F(.2)")],
    ),
    "a dict that hides when it is pickled": (
        "class D(dict):\n    def __reduce_ex__(self, p): return (D, ())\nvalue = D(a=1)",
        [("a=1", "a=2")],
    ),
    "a list that hides when it is looked at": (
        "class L(list):\n    def __iter__(self): return iter(())\nvalue = L([1])",
        [("[1])", "[2])")],
    ),
    "state that pickling drops": (
        "class T:\n    def __init__(self): self.x = 1\n    def __getstate__(self): return {}\nvalue = T()",
        [("x = 1", "x = 2")],
    ),
    "state that reduce drops": (
        "class T:\n    def __init__(self, x): self.x = x\n    def __reduce__(self): return (T, (0,))\nvalue = T(1)",
        [("T(1)", "T(2)")],
    ),
    "state that an estimator's pickling drops": (
        "class T(StandardScaler):\n    def __getstate__(self): return {}\nvalue = T().fit(X)",
        [("fit(X)", "fit(2 * X)")],
    ),
    "slots": (
        "class T:\n    __slots__ = ('a', '__b')\n    def __init__(self, a, b): self.a, self.__b = a, b\nvalue = T(1, 2)",
        [("T(1, 2)", "T(2, 2)"), ("T(1, 2)", "T(1, 3)")],
    ),
    "slots and a dict": (
        "class A:\n    __slots__ = 'a'\nclass T(A): pass\nvalue = T()\nvalue.a, value.b = 1, 2",
        [("= 1, 2", "= 2, 2"), ("= 1, 2", "= 1, 3")],
    ),
    "a singleton by name": (
        "class T:\n    def __reduce__(self): return 'value'\nvalue = T()\nvalue.x = 1\nT.__module__ = __name__",
        [("x = 1", "x = 2")],
    ),
    "a dataclass": (
        "@dataclasses.dataclass\nclass T:\n    a: int = 1\n    b: list = dataclasses.field(default_factory=list)\nvalue = T()",
        [("T()", "T(2)"), ("int = 1", "int = 2"), ("T()", "T(b=[1])")],
    ),
    "a named tuple": (
        "P = collections.namedtuple('P', 'a b')\nvalue = P(1, 2)",
        [("P(1, 2)", "P(1, 3)"), ("'a b'", "'b a'")],
    ),
    "an enum": (
        "class E(enum.Enum):\n    A = 1\n    B = 2\nvalue = E.A",
        [("E.A", "E.B"), ("A = 1", "A = 3"), ("B = 2", "B = 3"), ("enum.Enum", "enum.IntEnum")],
    ),
    "flags": ("class E(enum.Flag):\n    A = 1\n    B = 2\nvalue = E.A", [("E.A", "E.A | E.B")]),
    "counters and deques": (
        "value = [collections.Counter('aab'), collections.deque([1], maxlen=3), collections.OrderedDict(a=1)]",
        [("'aab'", "'abb'"), ("maxlen=3", "maxlen=4"), ("a=1", "a=2"), ("[1]", "[2]")],
    ),
    "patterns": ("value = re.compile('a+', re.I)", [("a+", "a*"), (", re.I", "")]),
    "getters": ("value = operator.itemgetter('a')", [("'a'", "'b'"), ("itemgetter", "attrgetter")]),
    "paths, dates, decimals": (
        "value = [pathlib.PurePosixPath('a'), datetime.date(2020, 1, 1), decimal.Decimal('0.1')]",
        [("'a'", "'b'"), ("2020", "2021"), ("0.1", "0.10")],
    ),
    "bytes and bytearrays": ("value = b'ab'", [("b'ab'", "bytearray(b'ab')"), ("b'ab'", "b'ac'")]),
    "slices and ranges": ("value = slice(1, 2)", [("1, 2", "1, 3"), ("slice", "range")]),
    "generators of numbers": (
        "value = np.random.default_rng(1)",
        [("rng(1)", "rng(2)"), ("default_rng(1)", "RandomState(1)")],
    ),
    "a generator that has drawn": (
        "value = np.random.RandomState(1)\nvalue.rand(1)",
        [("rand(1)", "rand(2)"), ("rand(1)", "randn(1)")],
    ),
    "a distribution's own state": (
        "value = scipy.stats.rv_histogram(np.histogram([1.0, 2, 3], bins=3))",
        [("[1.0, 2, 3]", "[1.0, 1, 3]")],
    ),
    "a distribution of the user's": (
        "class D(scipy.stats.rv_continuous):\n    def _pdf(self, x): return 1.0\nvalue = D(a=0, b=1, name='d')()",
        [("return 1.0", "return 0.5"), ("b=1", "b=2")],
    ),
    "a frozen distribution": (
        "value = scipy.stats.uniform(0, 1)",
        [("0, 1", "0, 2"), ("0, 1", "scale=1"), ("uniform", "norm")],
    ),
    # numbers and rows
    "a number of numpy's": ("value = .1", [(".1", "np.float64(.1)"), (".1", "np.float32(.1)")]),
    "a parameter of numpy's": ("value = Cloned(Ridge(.1))", [(".1", "np.float64(.1)")]),
    "a structured scalar": (
        "value = np.array([(1, 2.0)], dtype=[('a', int), ('b', float)])[0]",
        [("2.0", "3.0"), ("'b'", "'c'")],
    ),
    "dates of numpy's": ("value = np.datetime64('2020-01-01')", [("01-01'", "01-01', 'ns'"), ("01-01", "01-02")]),
    "byte order": ("value = np.arange(3, dtype='<i4')", [("'<i4'", "'>i4'")]),
    "memory order of three axes": (
        "value = np.zeros((2, 3, 4))",
        [("((2, 3, 4))", "((3, 2, 4)).transpose(1, 0, 2)"), ("4))", "4), order='F')")],
    ),
    "memory order of a part": (
        "value = np.zeros((8, 4))[::2]",
        [("((8, 4))[::2]", "((8, 4), order='F')[::2]")],
    ),
    "attributes of a subclass of array": (
        "class A(np.ndarray): pass\nvalue = X.view(A)\nvalue.limit = 1",
        [("limit = 1", "limit = 2"), ("X.view(A)\nvalue.limit = 1", "X"), ("view(A)", "__add__(1).view(A)")],
    ),
    "a matrix": ("value = X.view(np.matrix)", [(".view(np.matrix)", ""), ("X.", "(X + 1).")]),
    "metadata of a dtype": ("value = np.zeros(2, np.dtype('f8', metadata={'a': 1}))", [("'a': 1", "'a': 2")]),
    "the filler of a masked array": ("value = np.ma.array(X, fill_value=1)", [("fill_value=1", "fill_value=2")]),
    "a category in the middle": (
        "c = [str(i) for i in range(200)]\nvalue = pd.DataFrame({'a': pd.Categorical(c[::-1], c)})",
        [("range(200)]", "range(200)]\nc[99], c[100] = c[100], c[99]")],
    ),
    "a category that does not occur": (
        "value = pd.Series(pd.Categorical(['a'], ['a', 'b', 'c']))",
        [("'c'])", "'d'])"), ("'c'])", "'c'], ordered=True)")],
    ),
    "attributes of a frame": (
        "value = pd.DataFrame({'a': [1]})\nvalue.attrs['unit'] = 'm'",
        [("'m'", "'s'"), ("value.attrs['unit'] = 'm'", "")],
    ),
    "names of an index": (
        "value = pd.DataFrame({'a': [1]}, index=pd.Index([3], name='i'))",
        [("name='i'", "name='j'"), ("[3]", "[4]")],
    ),
    "names of columns": (
        "value = pd.DataFrame([[1]], columns=pd.Index(['a'], name='i'))",
        [("name='i'", "name='j'"), ("['a']", "['b']")],
    ),
    "an index of several levels": (
        "value = pd.DataFrame({'a': [1, 2]}, index=pd.MultiIndex.from_tuples([(1, 2), (1, 3)], names=['i', 'j']))",
        [("(1, 3)", "(2, 3)"), ("'j'", "'k'")],
    ),
    "a series' name": ("value = pd.Series([1], name='a')", [("'a'", "'b'"), (", name='a'", "")]),
    "the same bytes of other dtypes": (
        "value = pd.DataFrame({'a': np.array([1, 2])})",
        [("np.array([1, 2])", "pd.array([1, 2])"), ("np.array([1, 2])", "pd.to_datetime([1, 2])")],
    ),
    "a time zone": (
        "value = pd.Series(pd.to_datetime(['2020-01-01']).tz_localize('UTC'))",
        [("'UTC'", "'Europe/Berlin'"), ("01-01'", "01-02'")],
    ),
    "missing or not a number": (
        "value = pd.Series(pd.array([1.0, None], dtype='Float64'))",
        [("None", "2.0"), ("'Float64'", "'Float32'")],
    ),
    "text columns": (
        "value = pd.Series(['a', None], dtype='object')",
        [("'object'", "'string'"), ("None", "'None'"), ("None", "float('nan')")],
    ),
    "a frame of polars": (
        "value = pl.DataFrame({'a': [1, 2], 'b': ['x', None], 'c': ['p', 'q']}, schema_overrides={'c': pl.Enum(['p', 'q'])})",
        [
            ("[1, 2]", "[1, 3]"),
            ("None", "'None'"),
            ("'a'", "'d'"),
            ("[1, 2]", "[1.0, 2]"),
            ("Enum(['p', 'q'])", "Enum(['q', 'p'])"),
        ],
    ),
    "a series of polars": ("value = pl.Series('a', [1, None])", [("'a'", "'b'"), ("None", "0"), ("1", "2")]),
    "rows in another sparse order": (
        "value = scipy.sparse.coo_array(([1.0, 2.0], ([0, 1], [0, 1])))",
        [("[1.0, 2.0], ([0, 1], [0, 1])", "[2.0, 1.0], ([1, 0], [1, 0])"), ("coo_array", "coo_matrix")],
    ),
    # settings of estimators
    "an output configuration": (
        "value = Cloned(StandardScaler())",
        [("StandardScaler()", "StandardScaler().set_output(transform='pandas')")],
    ),
    "a callable's object": (
        "class K:\n    def __init__(self, p): self.p = p\n    def __call__(self, a, b): return self.p\nvalue = Cloned(PCA(K(1)))",
        [("K(1)", "K(2)"), ("return self.p", "return -self.p")],
    ),
}
"""By what they show: code, and the replacements that each must change the key."""

EQUAL = {
    "moved": ("def f(X): return X + 1\nvalue = f", [("def f", "\n\nunused = 1\ndef f")]),
    "commented": ("def f(X): return X + 1\nvalue = f", [("+ 1", "+ 1  # one")]),
    "an unused global": ("k = 1\ndef f(X): return X + 1\nvalue = f", [("k = 1", "k = 2")]),
    "an attribute that is called like a global": (
        "shape = 1\ndef f(X): return X.shape\nvalue = f",
        [("shape = 1", "shape = 2")],
    ),
    "how a set was made": ("value = {'a', 'b', 'c'}", [("{'a', 'b', 'c'}", "set('cba')")]),
    "what a clone drops": (
        "value = Cloned(Pipeline([('s', StandardScaler()), ('m', Ridge())]))",
        [("StandardScaler()", "StandardScaler().fit(X)"), ("Ridge()", "Ridge().fit(X, y)")],
    ),
    "the order of definitions": (
        "def g(): return 1\ndef f(): return g()\nvalue = f",
        [("def g(): return 1\ndef f(): return g()", "def f(): return g()\ndef g(): return 1")],
    ),
    "how a frame came to be": (
        "value = pd.DataFrame({'a': [1.0], 'b': [2.0]})",
        [("pd.DataFrame({'a': [1.0], 'b': [2.0]})", "pd.DataFrame({'a': [1.0]}).assign(b=2.0)")],
    ),
    "a view and its copy": ("value = X[::2]", [("X[::2]", "X[::2].copy()")]),
    "a loop over the same": ("value = [1, 2]", [("[1, 2]", "[i + 1 for i in range(2)]")]),
    "what is learnt from equal rows": ("value = Holder(StandardScaler().fit(X))", [("fit(X)", "fit(X.copy())")]),
}
"""By what they show: code, and replacements that must change nothing."""


def module_from(source, name="a_users_module"):
    """Return what a file of the user's with this content is, once it is imported."""
    from multisearch._fingerprint import Cloned

    module = types.ModuleType(name)
    module.Cloned = Cloned
    exec(textwrap.dedent(HEAD) + textwrap.dedent(source), vars(module))
    return module


def sources():
    """Yield every piece of code of the pairs, by a name of its own."""
    for what, (source, changes) in {**DIFFERENT, **EQUAL}.items():
        yield what, source
        for number, (was, becomes) in enumerate(changes):
            assert source.count(was) >= 1, (what, was)
            yield f"{what}, {number}", source.replace(was, becomes, 1)
