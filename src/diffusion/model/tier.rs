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
            Tier::Draft => "2 steps, 384x216: rough and fast, to see whether it moves with the music",
            Tier::Develop => "The model's own number of steps, at full size: the everyday quality",
            Tier::Final => {
                "Many steps with guidance: several times as long, for the version that is published"
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
