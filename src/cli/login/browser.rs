//! Signing in through a browser on this machine (RFC 8252), with a proof that the code is ours (RFC 7636).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;

use super::callback::Callback;
use crate::cli::error::Failed;
use crate::cli::output::Printer;
use crate::client::{Client, Provider};
use crate::core::secret::Secret;

/// The token of whoever signs in with a provider.
pub async fn sign_in(client: &Client, provider: &Provider, open: bool, printer: &Printer) -> Result<Secret, Failed> {
    let callback = Callback::listen().await?;
    let verifier = verifier()?;
    let address = client.sign_in_address(provider.id, &callback.address()?, &challenge(&verifier));
    printer.instruct(&format!("Sign in with {} in the browser on this machine:\n\n  {address}\n", provider.name));
    printer.note("Without a browser here, use: mkt login --device");
    if open {
        // Some browsers keep their caller waiting. One that is not there is no failure: the address is on the screen.
        drop(tokio::task::spawn_blocking(move || webbrowser::open(address.as_str())));
    }
    let code = callback.code().await?;
    Ok(client.redeem(&code, &verifier).await?)
}

/// A secret as long as RFC 7636 wants it.
fn verifier() -> Result<Secret, Failed> {
    Ok(Secret::new(format!("{}{}", Secret::random()?.expose(), Secret::random()?.expose())))
}

/// What shows that one has a verifier, without showing it (S256).
fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.expose().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_as_in_rfc_7636() {
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
