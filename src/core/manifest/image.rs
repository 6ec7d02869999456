//! `binary`: a container image, by the names that registries and container runtimes use.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::Image;
use super::diagnostic::{Severity, shown};
use super::reader::Object;
use super::text::LINE;

const REGISTRY: &str = r#""https://registry.example.org""#;
const IMAGE: &str = r#""example/app:1.0.0""#;
/// The registry of images that name none.
const HUB: &str = "docker.io";
/// What manifests call it besides.
const HUB_ALIASES: [&str; 3] = ["index.docker.io", "registry-1.docker.io", "hub.docker.com"];

impl Image {
    /// The host of its registry, with a port where one is named. Docker Hub's address is `docker.io`.
    pub fn host(&self) -> String {
        match self.registry.as_deref().and_then(host) {
            Some(host) if !HUB_ALIASES.contains(&host.as_str()) => host,
            _ => HUB.to_owned(),
        }
    }

    /// Its name without tag and digest, with the registry's host: `docker.io/library/postgres`.
    pub fn name(&self) -> String {
        let (host, repository) = (self.host(), &self.repository);
        let folder = if host == HUB && !repository.contains('/') { "library/" } else { "" };
        format!("{host}/{folder}{repository}")
    }
}

/// Takes a reference apart, such as `registry.example.org/app:1.0.0`.
impl FromStr for Image {
    type Err = String;

    fn from_str(reference: &str) -> Result<Self, String> {
        parse(reference)
            .ok_or_else(|| format!("must be a repository with a tag or a digest, but is {}", shown(reference)))
    }
}

/// What a container runtime pulls.
impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Reads the image, or reports why there is none.
pub(super) fn read(binary: &Object) -> Option<Image> {
    let registry = registry(binary);
    let field = binary.must("image", IMAGE);
    let reference = field.text(&LINE)?;
    let image: Image = reference.parse().map_err(|must: String| field.breaks(Severity::Error, must)).ok()?;
    if let (Some(named), Some(own)) = (&registry, &image.registry)
        && host(named) != host(own)
    {
        let message = format!("names the registry {own}, but \"registry\" is {}", shown(named));
        field.report(Severity::Error, message, "Name the registry once, as \"registry\".");
    }
    if image.digest.is_none() && image.tag.as_deref().is_none_or(|tag| tag == "latest") {
        let tag = image.tag.as_deref().map_or("no tag".to_owned(), |tag| format!("the tag {tag:?}"));
        let message = format!("has {tag}, so that it may be another image tomorrow");
        field.report(Severity::Warning, message, format!("Name a version, as in \"image\": {IMAGE}."));
    }
    Some(Image { registry: registry.or(image.registry), ..image })
}

/// The registry, which the official schema wants as a URL.
fn registry(binary: &Object) -> Option<String> {
    let field = binary.should("registry", REGISTRY);
    let registry = field.text(&LINE)?;
    if host(&registry).is_none() {
        // It is not shown, since what is wrong with it may be a password in it.
        field.breaks(Severity::Error, "must be an http or https URL without credentials");
        return None;
    }
    if !registry.contains("://") {
        field.breaks(Severity::Warning, format!("must be a URL, but is {}", shown(&registry)));
    }
    Some(registry)
}

/// The host and port of a registry that is given as a URL or as those.
fn host(registry: &str) -> Option<String> {
    let bare = !registry.contains("://");
    let url = if bare { Url::parse(&format!("https://{registry}")) } else { Url::parse(registry) }.ok()?;
    let known = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    let host = url.host_str().filter(|_| known && !registry.contains(char::is_whitespace))?;
    Some(url.port().map_or(host.to_owned(), |port| format!("{host}:{port}")))
}

/// Takes a reference apart: `[host/]repository[:tag][@digest]`, as the OCI distribution specification has it.
fn parse(reference: &str) -> Option<Image> {
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (reference, None),
    };
    let (name, tag) = match name.rsplit_once(':') {
        // A colon before a slash is a port's.
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (name, None),
    };
    let (registry, repository) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
        _ => (None, name),
    };
    let lawful = registry
        .is_none_or(|registry| host(registry).as_deref() == registry.strip_suffix(":443").or(Some(registry)))
        && repository.split('/').all(is_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    lawful.then(|| Image {
        registry: registry.map(str::to_owned),
        repository: repository.to_owned(),
        tag: tag.map(str::to_owned),
        digest: digest.map(str::to_owned),
    })
}

/// A part of a repository's name: small letters and digits, with separators between them.
fn is_component(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separator = |text: &str| matches!(text, "" | "." | "_" | "__") || text.chars().all(|c| c == '-');
    text.starts_with(plain) && text.ends_with(plain) && text.split(plain).all(separator)
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128 && text.starts_with(word) && text.chars().all(|c| word(c) || c == '.' || c == '-')
}

fn is_digest(text: &str) -> bool {
    let hex = |text: &str, digits| text.len() == digits && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    match text.split_once(':') {
        Some(("sha256", digits)) => hex(digits, 64),
        Some(("sha512", digits)) => hex(digits, 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_come_apart() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let pinned = format!("postgres:17@{digest}");
        let cases = [
            ("p3000/app:1.0", "docker.io/p3000/app:1.0"),
            (pinned.as_str(), &format!("docker.io/library/{pinned}")),
            ("localhost/app", "localhost/app"),
            ("ghcr.io/a/b__c/d---e.f:v1", "ghcr.io/a/b__c/d---e.f:v1"),
            ("registry.example.org:8443/app:1.0", "registry.example.org:8443/app:1.0"),
            ("registry.example.org:443/app:1.0", "registry.example.org/app:1.0"),
        ];
        for (reference, expected) in cases {
            assert_eq!(parse(reference).map(|image| image.to_string()).as_deref(), Some(expected));
        }
        let upper = digest.to_uppercase();
        for malformed in
            ["", ":1", "a:", "A:1", "a b:1", "a//b", "-a", "a-", "a.-b", "a___b", "a:.b", "a@", "a@sha256:00", &upper]
        {
            assert_eq!(parse(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn registries_are_urls_or_hosts() {
        let image = |registry: &str| Image {
            registry: Some(registry.to_owned()),
            repository: "app".to_owned(),
            tag: None,
            digest: None,
        };
        assert_eq!(image("https://index.docker.io/v1/").name(), "docker.io/library/app");
        assert_eq!(image("http://localhost:5000").name(), "localhost:5000/app");
        assert_eq!(image("registry.example.org").name(), "registry.example.org/app");
        for refused in ["", "ftp://registry.example.org", "https://me@registry.example.org", "not a host", "https://"] {
            assert_eq!(host(refused), None, "{refused}");
        }
    }
}
