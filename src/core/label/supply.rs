//! What a platform has to offer to a build that is to run there.

use uuid::Uuid;

use super::source::Dependency;

/// What runs on a platform, or is about to.
#[derive(Debug, Clone, Default)]
pub struct Supply {
    /// The builds there, each with its product.
    pub builds: Vec<(Uuid, Uuid)>,
    /// The interfaces that they expose, and those that one of these may stand in for.
    pub interfaces: Vec<Offered>,
}

/// An interface that is to be had.
#[derive(Debug, Clone)]
pub struct Offered {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What identifies it in all its versions.
    pub uri: String,
}

impl Supply {
    /// Whether what is needed is there: the product, or the interface.
    pub fn has(&self, dependency: &Dependency) -> bool {
        let will_do = |build: &Uuid| dependency.builds.is_empty() || dependency.builds.contains(build);
        let product = dependency
            .product
            .is_some_and(|wanted| self.builds.iter().any(|(product, build)| *product == wanted && will_do(build)));
        product || dependency.interface.is_some_and(|wanted| self.interfaces.iter().any(|offered| offered.id == wanted))
    }

    /// Whether there is an interface of this URI, in whatever version. A slash at the end makes no difference.
    pub fn has_uri(&self, uri: &str) -> bool {
        let plain = |uri: &str| uri.trim_end_matches('/').to_owned();
        self.interfaces.iter().any(|offered| plain(&offered.uri) == plain(uri))
    }

    /// Whether there is an interface of this name.
    pub fn has_name(&self, name: &str) -> bool {
        self.interfaces.iter().any(|offered| offered.name.to_lowercase() == name.to_lowercase())
    }
}
