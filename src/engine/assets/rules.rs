//! What may be loaded from where.

use regex::Regex;
use url::{Origin, Url};

/// What a step says of where its assets may come from.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The page's own URL.
    pub page: Url,
    /// The URL under which all must lie.
    pub under: Option<Url>,
    /// What isn't loaded.
    pub ignore: Vec<Regex>,
    /// Other origins that the page may load from.
    pub origins: Vec<Origin>,
    /// The most URLs that are kept.
    pub limit: usize,
    /// Header fields for the page's own origin.
    pub headers: Vec<(String, Vec<u8>)>,
}

/// Where an address lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Where it should.
    Inside,
    /// On the page's origin, and not under the URL that was given.
    Outside,
    /// On another origin, and the step says where all must lie.
    Foreign,
    /// On another origin, of which the step says nothing.
    Unknown,
}

impl Rules {
    /// Whether the step passes an address over.
    pub fn ignores(&self, url: &Url) -> bool {
        self.ignore.iter().any(|pattern| pattern.is_match(url.as_str()))
    }

    /// Where an address lies.
    pub fn place(&self, url: &Url) -> Place {
        let origin = url.origin();
        if self.origins.contains(&origin) {
            return Place::Inside;
        }
        match &self.under {
            Some(under) if is_under(under, url) => Place::Inside,
            _ if origin == self.page.origin() => match self.under {
                Some(_) => Place::Outside,
                None => Place::Inside,
            },
            Some(_) => Place::Foreign,
            None => Place::Unknown,
        }
    }

    /// Whether an address is on the page's own origin.
    pub fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.page.origin()
    }
}

/// The same origin, and the path equal or below.
fn is_under(base: &Url, url: &Url) -> bool {
    let prefix = base.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(prefix);
    url.origin() == base.origin() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(under: Option<&str>, origins: &[&str]) -> Rules {
        Rules {
            page: Url::parse("http://edge.test:81/ci/").unwrap(),
            under: under.map(|url| Url::parse(url).unwrap()),
            ignore: vec![Regex::new(r"\.map$").unwrap()],
            origins: origins.iter().map(|url| Url::parse(url).unwrap().origin()).collect(),
            limit: 10,
            headers: Vec::new(),
        }
    }

    #[test]
    fn addresses_lie_inside_outside_or_elsewhere() {
        let given = rules(Some("http://edge.test:81/ci"), &["https://cdn.test"]);
        let free = rules(None, &[]);
        for (url, with_prefix, without) in [
            ("http://edge.test:81/ci/x.js", Place::Inside, Place::Inside),
            ("http://edge.test:81/ci", Place::Inside, Place::Inside),
            ("http://edge.test:81/city/x.js", Place::Outside, Place::Inside),
            ("http://edge.test:81/x.js", Place::Outside, Place::Inside),
            ("http://woodpecker:8000/x.js", Place::Foreign, Place::Unknown),
            ("https://edge.test:81/ci/x.js", Place::Foreign, Place::Unknown),
            ("https://cdn.test/x.js", Place::Inside, Place::Unknown),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!((given.place(&url), free.place(&url)), (with_prefix, without), "{url}");
        }
        assert!(free.ignores(&Url::parse("http://edge.test/x.js.map").unwrap()));
    }
}
