//! Tiers: how much work goes into every picture, in one word.

/// How much work goes into every picture. Curves, cuts and seeds are the same for all tiers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tier {
    /// Two steps, or fewer if the model is made for fewer.
    Draft,
    /// The model's own number of steps.
    #[default]
    Develop,
    /// As many steps as still make the model's pictures better.
    Final,
}

impl Tier {
    /// All tiers, from the least work to the most.
    pub const ALL: [Self; 3] = [Tier::Draft, Tier::Develop, Tier::Final];

    /// The names of all tiers, as projects and command lines write them.
    pub const NAMES: [&'static str; 3] = ["draft", "develop", "final"];

    /// The tier of this name.
    pub fn find(name: &str) -> Option<Self> {
        Tier::ALL.into_iter().find(|tier| tier.name() == name)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// What it means, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Tier::Draft => {
                "Small (384x216) and rough, 2 steps a picture: is it in time, do you like the scenes?"
            }
            Tier::Develop => "Full size, as many steps as the model was made for: good enough to share",
            Tier::Final => {
                "More steps, with guidance: finer pictures for several times the wait. Scenes that are only drawn don't change"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tier_is_found_by_its_name() {
        for (tier, name) in Tier::ALL.into_iter().zip(Tier::NAMES) {
            assert_eq!((tier.name(), Tier::find(name)), (name, Some(tier)));
        }
        assert_eq!(Tier::find("Draft"), None);
    }
}
