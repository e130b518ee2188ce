"""The corpora that have a name: their files, labels, licences and sources."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from allabel.document import Document
from allabel.errors import UnknownNameError
from allabel.formats.registry import read_documents
from allabel.plugins import nearest
from eval.datasets.brat import read_listed
from eval.datasets.records import read_completions, read_list, read_reactions


@dataclass(frozen=True, slots=True)
class Layout:
    """Files in a corpus's folder; no `test` where no split is published."""

    pool: str
    test: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """The files there must be."""
        return (self.pool, self.test) if self.test else (self.pool,)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a corpus's files stand: a repository of GitHub at one commit; what is in `here` is in `there` there."""

    repository: str
    commit: str
    there: str = ""
    here: str = ""

    def path(self, file: str) -> str:
        """Return a file's path after the host's name."""
        return f"{self.repository}/{self.commit}/{self.there}{file.removeprefix(self.here)}"


@dataclass(frozen=True, slots=True)
class Corpus:
    """One corpus: `read` turns one of its files into documents; of `layouts`, the first that is there counts.

    labels: `()` where they are as the files have them. origin: None where the licence does not let anybody pass the
    files on, or states none: `own` then says what copy the user must have.
    n_texts: distinct texts of the pool, and distinct test texts that are not in it; None where the copy decides.
    """

    name: str
    labels: tuple[str, ...]
    layouts: tuple[Layout, ...]
    read: Callable[[Path], Iterable[Document]]
    licence: str
    citation: str
    n_texts: tuple[int, int] | None = None
    origin: Origin | None = None
    own: str = ""


def by_name(name: str) -> Corpus:
    """Return the corpus of this name. Raises UnknownNameError with the names there are, the nearest first."""
    if name in CORPORA:
        return CORPORA[name]
    raise UnknownNameError(
        f"there is no data set {name!r}",
        remedy=f"{nearest(name, list(CORPORA))}, and hf:NAME for the Hugging Face hub",
    )


def _documents(format: str, path: Path) -> Iterator[Document]:
    return (record.document for record in read_documents(path, format))


def _list_or_lines(path: Path) -> Iterator[Document]:
    return read_list(path) if path.suffix == ".json" else _documents("jsonl", path)


_CONLL = partial(_documents, "conll")
_GENERAL = ("formula", "name", "acronym", "structure_or_phase", "description", "applications")
_MOF = ("mof_formula", "name_of_mof", "mof_description", "guest_species", "applications")
_ROLES = ("REACTANT", "SOLVENT", "CATALYST", "PRODUCT", "WORKUP")
_NERRE = "Dagdelen et al., Nature Communications 15, 1418 (2024)"
_MIT_ABSTRACTS = "MIT (repository); the texts are journal abstracts, in which publishers may hold copyright"
_MTL = "cambridgeltl/MTL-Bioinformatics-2016"

_ALL = (
    Corpus(
        "nerre_general",
        _GENERAL,
        (Layout("original/general_materials_information_annotations.jsonl"),),
        partial(read_completions, "nerre_general", _GENERAL),
        _MIT_ABSTRACTS,
        _NERRE,
        (611, 0),
        Origin("lbnlp/NERRE", "1826cbb78743", "general_and_mofs/data/", "original/"),
    ),
    Corpus(
        "nerre_mof",
        _MOF,
        (Layout("original/mof_annotations.jsonl"),),
        partial(read_completions, "nerre_mof", _MOF),
        _MIT_ABSTRACTS,
        _NERRE,
        (502, 0),
        Origin("lbnlp/NERRE", "1826cbb78743", "general_and_mofs/data/", "original/"),
    ),
    Corpus(
        "uspto_ord",
        _ROLES,
        (Layout("original/USPTO-n100k-t2048_exp1-COT.json"),),
        partial(read_reactions, _ROLES),
        "MIT (repository); CC BY-SA 4.0 (Open Reaction Database)",
        "Ai et al., Digital Discovery (2024); Kearnes et al., J. Am. Chem. Soc. 143 (2021)",
        (1000, 0),
        Origin("qai222/LLM_organic_synthesis", "04bd7f1a3238", "workplace_data/datasets/", "original/"),
    ),
    Corpus(
        "bc5cdr",
        ("Chemical", "Disease"),
        (Layout("iob/train.tsv", "iob/test.tsv"),),
        _CONLL,
        "CC BY 4.0",
        "Li et al., Database 2016, baw068; Crichton et al., BMC Bioinformatics 18, 368 (2017)",
        (4553, 4780),
        Origin(_MTL, "df0df02fae6d", "data/BC5CDR-IOB/", "iob/"),
    ),
    Corpus(
        "anem",
        (
            "Cell",
            "Multi-tissue_structure",
            "Organ",
            "Pathological_formation",
            "Organism_substance",
            "Cellular_component",
            "Tissue",
            "Organism_subdivision",
            "Anatomical_system",
            "Immaterial_anatomical_entity",
            "Developing_anatomical_structure",
        ),
        (Layout("test/AnEM.train", "test/AnEM.test"),),
        _CONLL,
        "CC BY-SA 3.0 (annotations); texts of PubMed and PMC Open Access",
        "Ohta et al., DSSD workshop at ACL 2012",
        (2658, 1765),
        Origin("openbiocorpora/anem", "d6944e06d1ed", "original-data/"),
    ),
    Corpus(
        "wnut17",
        ("person", "location", "group", "corporation", "product", "creative-work"),
        (Layout("wnut17train.conll", "emerging.test.annotated"),),
        _CONLL,
        "CC BY 4.0",
        "Derczynski et al., W-NUT at EMNLP 2017",
        (3291, 1280),
        Origin("leondz/emerging_entities_17", "e52a2d2a71ac"),
    ),
    Corpus(
        "gmb_subset",
        ("geo", "org", "tim", "gpe", "per", "art", "eve", "nat"),
        (Layout("ner_dataset.csv"),),
        partial(_documents, "csv"),
        "Database Contents Licence / ODbL (as Kaggle states)",
        "Bos et al., Handbook of Linguistic Annotation (2017); Kaggle abhinavwalia95/entity-annotated-corpus",
        (8288, 0),
        Origin("umartariq867/Named-Entity-Recognition-with-Python", "c549b67fb2db"),
    ),
    Corpus(
        "matscholar",
        ("MAT", "PRO", "DSC", "CMT", "SMT", "APL", "SPL"),
        (Layout("train.txt", "test.txt"),),
        _CONLL,
        "none stated for the data; the repository that holds it is GPL-3.0",
        "Weston et al., J. Chem. Inf. Model. 59, 3692 (2019)",
        (4402, 546),
        own="train.txt and test.txt of ner/datasets/NER_MATSCHOLAR in github.com/M3RG-IITD/MatSciBERT at 564750d9a8be",
    ),
    Corpus(
        "materials_synthesis",
        (
            "Material",
            "Number",
            "Operation",
            "Amount-Unit",
            "Condition-Unit",
            "Material-Descriptor",
            "Condition-Misc",
            "Property-Misc",
            "Nonrecipe-Material",
            "Synthesis-Apparatus",
            "Brand",
            "Apparatus-Descriptor",
            "Amount-Misc",
            "Property-Type",
            "Meta",
            "Apparatus-Unit",
            "Reference",
            "Property-Unit",
            "Condition-Type",
            "Characterization-Apparatus",
            "Apparatus-Property-Type",
        ),
        (Layout("ner-train-fnames.txt", "ner-test-fnames.txt"),),
        read_listed,
        "MIT (repository); the texts are paragraphs of journal papers",
        "Mysore et al., LAW XIII at ACL 2019, W19-4007",
        (200, 15),
        Origin("olivettigroup/annotated-materials-syntheses", "dd6abd1774c8"),
    ),
    Corpus(
        "conll2003",
        ("LOC", "MISC", "ORG", "PER"),
        (Layout("train.txt", "test.txt"), Layout("eng.train", "eng.testb")),
        _CONLL,
        "Reuters Corpus agreement (NIST); may not be passed on",
        "Tjong Kim Sang and De Meulder, CoNLL 2003",
        own="train.txt and test.txt, or eng.train and eng.testb: a word a line, its tag in the last column",
    ),
    Corpus(
        "ontonotes",
        (),
        (Layout("train.conll", "test.conll"), Layout("train.jsonl", "test.jsonl")),
        partial(_documents, "auto"),
        "LDC user agreement (LDC2013T19); may not be passed on",
        "Weischedel et al., OntoNotes 5.0, LDC2013T19",
        own="train.conll and test.conll (a word a line, its tag such as B-PERSON last, a blank line between "
        "sentences), or train.jsonl and test.jsonl (id, text and entities of start, end and label)",
    ),
    Corpus(
        "bc4chemd",
        ("Chemical",),
        (Layout("train.tsv", "test.tsv"),),
        _CONLL,
        "as BioCreative states; MTL-Bioinformatics-2016 is CC BY 4.0",
        "Krallinger et al., J. Cheminform. 7, S2 (2015); Crichton et al., BMC Bioinformatics 18, 368 (2017)",
        own=f"train.tsv and test.tsv in IOB, a word and its tag a line, as in data/ of github.com/{_MTL}",
    ),
    Corpus(
        "csd_mof",
        (),
        (Layout("documents.json"), Layout("documents.jsonl")),
        _list_or_lines,
        "as the owner of the copy has it",
        "as the owner of the copy has it",
        own='documents.json, a list, or documents.jsonl, an object a line: {"text": …, "values": {label: [strings]}}',
    ),
)
CORPORA = {corpus.name: corpus for corpus in _ALL}
