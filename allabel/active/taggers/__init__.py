"""Token taggers, one family a module; each fills the seam `allabel.active.base.TokenTagger`."""
