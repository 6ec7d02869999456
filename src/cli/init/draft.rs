//! A manifest in the making: valid from the start, and after each answer that [`Draft::accept`] takes.

use std::path::Path;

use serde::Serialize;
use uuid::Uuid;

use super::containerfile;
use super::surroundings::Surroundings;
use crate::cli::package::Package;
use crate::core::clock;
use crate::core::manifest::Image;

/// What the manifest will say, as far as it differs from others.
#[derive(Debug, Clone)]
pub struct Draft {
    pub marketplace_url: String,
    pub product_id: Uuid,
    pub build_id: Uuid,
    pub name: String,
    pub description: Option<String>,
    pub version: String,
    /// Without it and an asset, it is an image named after the product.
    pub image: Option<Image>,
    pub asset: Option<String>,
    pub organization: String,
    pub contact: Option<String>,
    pub author: String,
    /// Names and addresses.
    pub licenses: Vec<(String, String)>,
    pub mime_type: Option<String>,
    pub domains: Vec<String>,
    pub task: String,
    pub ports: Vec<u16>,
    pub environment: Vec<containerfile::Variable>,
}

/// What kind of thing a container image is, and what any file is.
const IMAGE_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const FILE_TYPE: &str = "application/octet-stream";

impl Draft {
    /// What can be told from where the product is.
    pub fn of(surroundings: Surroundings, marketplace_url: String) -> Self {
        let Surroundings { name, author, contact, ports, environment } = surroundings;
        Self {
            marketplace_url,
            product_id: Uuid::new_v4(),
            build_id: Uuid::new_v4(),
            description: None,
            version: "0.1.0".to_owned(),
            image: None,
            asset: None,
            organization: author.clone(),
            contact,
            licenses: Vec::new(),
            mime_type: None,
            domains: Vec::new(),
            task: if ports.is_empty() { "main" } else { "web" }.to_owned(),
            name,
            author,
            ports,
            environment,
        }
    }

    /// Makes a change, unless the manifest would not be valid with it: then it tells what the answer must be.
    pub fn accept(
        &mut self,
        folder: &Path,
        change: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut changed = self.clone();
        change(&mut changed)?;
        let package = Package::of(String::new(), changed.to_json().as_bytes(), Some(folder));
        match package.diagnostics.first() {
            Some(found) => Err(found.message.clone()),
            None => {
                *self = changed;
                Ok(())
            }
        }
    }

    /// The manifest's text.
    pub fn to_json(&self) -> String {
        let organization = Organization { name: &self.organization, contact: self.contact.as_deref() };
        let manifest = Manifest {
            marketplace_url: &self.marketplace_url,
            product: Product {
                uuid: self.product_id,
                build: Build {
                    uuid: self.build_id,
                    version: &self.version,
                    description: self.description.as_deref(),
                    binary: self.binary(),
                    asset: self.asset.as_deref(),
                    dependency: [],
                },
                facts: Facts {
                    name: &self.name,
                    organization: [organization],
                    stewards: [Steward { name: &self.author, role: "curator" }],
                    licensing: self.licenses.iter().map(|(name, url)| License { name, url }).collect(),
                    technology_mime_type: self.mime_type(),
                    domain: &self.domains,
                    cybersecurity: [],
                    customer_service: [],
                    data_access: [],
                    identify_and_access_management: [],
                    runtime_dependencies: [],
                    networking: [],
                },
            },
            configuration: [Configuration { default: true, task: [self.task()] }],
            provenance: [Provenance {
                datetime: clock::now().to_string(),
                attribution: &self.author,
                remark: "First draft",
            }],
        };
        // Nothing in it can fail to be JSON.
        serde_json::to_string_pretty(&manifest).unwrap_or_default() + "\n"
    }

    /// What kind of thing the product is.
    pub fn mime_type(&self) -> &str {
        self.mime_type.as_deref().unwrap_or(if self.image().is_some() { IMAGE_TYPE } else { FILE_TYPE })
    }

    /// The image that it runs from.
    pub fn image(&self) -> Option<Image> {
        if self.image.is_some() || self.asset.is_some() {
            return self.image.clone();
        }
        let words = self.name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let words = words.collect::<Vec<_>>().join("-").to_lowercase();
        let repository = if words.is_empty() { "product".to_owned() } else { words };
        Some(Image { registry: None, repository, tag: None, digest: None })
    }

    /// The image, with the version for a tag where it has none.
    fn binary(&self) -> Option<Binary> {
        let image = self.image()?;
        let Image { repository, tag, digest, .. } = &image;
        let name = match (tag, digest) {
            (None, None) => format!("{repository}:{}", self.version),
            (Some(tag), None) => format!("{repository}:{tag}"),
            (None, Some(digest)) => format!("{repository}@{digest}"),
            (Some(tag), Some(digest)) => format!("{repository}:{tag}@{digest}"),
        };
        Some(Binary { registry: format!("https://{}", image.host()), image: name })
    }

    fn task(&self) -> Task<'_> {
        Task {
            id: Uuid::new_v4(),
            configuration_id: Uuid::new_v4(),
            label: &self.task,
            instances_minimum: 1,
            ports: &self.ports,
            environment: self.environment.iter().map(Variable::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct Manifest<'a> {
    marketplace_url: &'a str,
    product: Product<'a>,
    configuration: [Configuration<'a>; 1],
    provenance: [Provenance<'a>; 1],
}

#[derive(Serialize)]
struct Product<'a> {
    uuid: Uuid,
    build: Build<'a>,
    facts: Facts<'a>,
}

#[derive(Serialize)]
struct Build<'a> {
    uuid: Uuid,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary: Option<Binary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asset: Option<&'a str>,
    dependency: [(); 0],
}

#[derive(Serialize)]
struct Binary {
    registry: String,
    image: String,
}

#[derive(Serialize)]
struct Facts<'a> {
    name: &'a str,
    organization: [Organization<'a>; 1],
    stewards: [Steward<'a>; 1],
    licensing: Vec<License<'a>>,
    technology_mime_type: &'a str,
    domain: &'a [String],
    cybersecurity: [(); 0],
    customer_service: [(); 0],
    data_access: [(); 0],
    identify_and_access_management: [(); 0],
    runtime_dependencies: [(); 0],
    networking: [(); 0],
}

#[derive(Serialize)]
struct Organization<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<&'a str>,
}

#[derive(Serialize)]
struct Steward<'a> {
    name: &'a str,
    role: &'a str,
}

#[derive(Serialize)]
struct License<'a> {
    name: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
struct Configuration<'a> {
    default: bool,
    task: [Task<'a>; 1],
}

#[derive(Serialize)]
struct Task<'a> {
    id: Uuid,
    configuration_id: Uuid,
    label: &'a str,
    instances_minimum: u32,
    #[serde(skip_serializing_if = "<[u16]>::is_empty")]
    ports: &'a [u16],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    environment: Vec<Variable<'a>>,
}

#[derive(Serialize)]
struct Variable<'a> {
    key: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a str>,
}

impl<'a> Variable<'a> {
    fn of(found: &'a containerfile::Variable) -> Self {
        Self { key: &found.key, description: "As the image has it, unless set", default: found.default.as_deref() }
    }
}

#[derive(Serialize)]
struct Provenance<'a> {
    datetime: String,
    attribution: &'a str,
    remark: &'a str,
}
