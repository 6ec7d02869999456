//! What to sign in with: the one there is, the one named, or the one chosen of several.

use crate::cli::ask;
use crate::cli::error::{Code, Failed};
use crate::cli::global::Global;
use crate::cli::near::meant;
use crate::client::{Client, Provider};

/// The identity provider to sign in with.
pub async fn choose(client: &Client, named: Option<&str>, global: &Global) -> Result<Provider, Failed> {
    let mut providers = client.providers().await?;
    let at = match (named, providers.len()) {
        (_, 0) => return Err(none(client)),
        (Some(named), _) => find(&providers, named)?,
        (None, 1) => 0,
        (None, _) if ask::possible(global) => {
            let names = providers.iter().map(|provider| provider.name.clone()).collect();
            let chosen = ask::chosen("Sign in with", names).await?;
            chosen.ok_or_else(|| Failed::with_code(Code::Interrupted, "Interrupted."))?
        }
        (None, _) => {
            let message = "There are several identity providers to sign in with.";
            return Err(Failed::with_code(Code::Usage, message)
                .hint(format!("Name one with --provider: {}.", names(&providers).collect::<Vec<_>>().join(", "))));
        }
    };
    Ok(providers.swap_remove(at))
}

fn none(client: &Client) -> Failed {
    Failed::new(format!("{} has no identity provider to sign in with.", client.server()))
        .hint("Ask its operator for a token, and take it in with: mkt login --with-token")
}

/// The place of the provider of this name or id.
fn find(providers: &[Provider], named: &str) -> Result<usize, Failed> {
    let place = |same: &dyn Fn(&Provider) -> bool| providers.iter().position(same);
    place(&|provider| provider.id.to_string() == named.to_lowercase())
        .or_else(|| place(&|provider| provider.name == named))
        .or_else(|| place(&|provider| provider.name.to_lowercase() == named.to_lowercase()))
        .ok_or_else(|| {
            let all = || format!("There are: {}.", names(providers).collect::<Vec<_>>().join(", "));
            Failed::with_code(Code::NotFound, format!("There is no identity provider {named:?} to sign in with."))
                .hint(meant(names(providers), named).unwrap_or_else(all))
        })
}

fn names(providers: &[Provider]) -> impl Iterator<Item = &str> {
    providers.iter().map(|provider| provider.name.as_str())
}
