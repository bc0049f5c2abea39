//! A part of a run.

use std::fmt;
use std::str::FromStr;

/// One of several equal parts of the scenarios, which run elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Whether the scenario at this place of the whole run, from 0, belongs to this part. Scenarios are dealt out in
    /// turn, so that neighbours, which tend to be alike in length, are spread.
    pub fn includes(self, place: usize) -> bool {
        place % self.count == self.index - 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match numbers {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            Some(_) => Err(format!("expected i/n with i from 1 to n, found `{text}`")),
            None => Err(format!("expected i/n, such as 2/3, found `{text}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_counted_from_one() {
        assert_eq!("2/3".parse::<Shard>().map(|shard| shard.to_string()), Ok("2/3".to_owned()));
        for wrong in ["0/3", "4/3", "0/0", "1", "", "/", "a/b", "-1/3", "1/3/5", "1/0", "1/99999999999999999999999"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_scenario_is_in_exactly_one_part(count in 1..12_usize, place in any::<usize>()) {
            let parts = (1..=count).map(|index| Shard { index, count });
            prop_assert_eq!(parts.filter(|part| part.includes(place)).count(), 1);
        }
    }
}
