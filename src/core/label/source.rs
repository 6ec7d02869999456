//! What a label is made from: a manifest, or what the marketplace knows of a build that has none, in the words of one.

use serde_json::Value;
use uuid::Uuid;

use crate::core::manifest::Manifest;
use crate::core::model::Interface;

/// What a label is made from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The product's id.
    pub product_id: Uuid,
    /// The product's name.
    pub product: String,
    /// The build's id.
    pub build_id: Uuid,
    /// The build's version.
    pub version: String,
    /// Whether there is a manifest.
    pub has_manifest: bool,
    /// What the build is got as: its image, its file.
    pub artifacts: Vec<String>,
    /// `product.facts` of the manifest. What it does not have is not stated.
    pub facts: Value,
    /// `configuration` of the manifest.
    pub configuration: Value,
    /// What it needs of others at run time.
    pub dependencies: Vec<Dependency>,
}

/// What a build needs of others at run time.
#[derive(Debug, Clone, Default)]
pub struct Dependency {
    /// The name of what is needed.
    pub name: String,
    /// The product, if a certain one is needed.
    pub product: Option<Uuid>,
    /// Those of its builds that will do; none means any.
    pub builds: Vec<Uuid>,
    /// The interface, if one is needed.
    pub interface: Option<Uuid>,
    /// What identifies that interface.
    pub interface_name: Option<String>,
    /// Whether the build can't run without it.
    pub required: bool,
}

impl From<&Manifest> for Source {
    fn from(manifest: &Manifest) -> Self {
        let (product, build) = (&manifest.product, &manifest.build);
        let image = build.image.as_ref().map(ToString::to_string);
        let interfaces = build.requires.iter().map(|interface| Dependency {
            name: Interface::name_for(&interface.uri, &interface.version),
            required: interface.required,
            ..Dependency::default()
        });
        let products = build.dependencies.iter().map(|dependency| Dependency {
            name: dependency.name.clone().unwrap_or_else(|| unnamed(dependency.product_id)),
            product: Some(dependency.product_id),
            builds: dependency.build_ids.clone(),
            interface: dependency.interface_id,
            interface_name: None,
            required: dependency.required,
        });
        let mut source = Self {
            product_id: product.id,
            product: product.name.clone(),
            build_id: build.id,
            version: build.version.clone(),
            has_manifest: true,
            artifacts: image.into_iter().chain(build.asset.clone()).collect(),
            facts: manifest.content["product"]["facts"].clone(),
            configuration: manifest.content["configuration"].clone(),
            dependencies: interfaces.chain(products).collect(),
        };
        source.sort();
        source
    }
}

impl Source {
    /// Puts what is needed most first.
    pub fn sort(&mut self) {
        self.dependencies.sort_by(|a, b| b.required.cmp(&a.required).then_with(|| a.name.cmp(&b.name)));
    }
}

/// What a product is called that has no name here.
pub fn unnamed(product: Uuid) -> String {
    format!("Product {product}")
}
