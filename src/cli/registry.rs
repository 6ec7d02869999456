//! Flags of commands that look at registries of images.

use super::error::Failed;
use crate::client::Registries;

#[derive(Debug, clap::Args)]
pub struct RegistryArgs {
    /// Do not look images up in their registries: their tags may name other images tomorrow
    #[arg(long, env = "MKT_NO_RESOLVE")]
    pub no_resolve: bool,

    /// Registries that are spoken to without TLS, as HOST:PORT; those of this machine are anyway
    #[arg(long, value_name = "HOST", env = "MKT_INSECURE_REGISTRIES", value_delimiter = ',')]
    insecure_registry: Vec<String>,
}

impl RegistryArgs {
    /// The registries to look at, unless nobody wants to.
    pub fn registries(&self) -> Result<Option<Registries>, Failed> {
        match self.no_resolve {
            true => Ok(None),
            false => Ok(Some(Registries::new(self.insecure_registry.clone())?)),
        }
    }
}
