//! Who gives whom what: the needs of each instance are matched with what others on the platform offer.

use std::collections::HashSet;

use uuid::Uuid;

use super::find::Found;
use super::{Need, Planned};
use crate::core::id::Id;
use crate::core::model::{Instance, Wanted};

/// Finds a provider for each need, and notes what keeps instances from running.
pub(super) fn connect(instances: &mut [Planned], found: &Found) {
    for index in 0..instances.len() {
        let mut needs = std::mem::take(&mut instances[index].needs);
        for (need, builds) in needs.iter_mut().zip(found.builds_wanted(instances[index].build.id)) {
            if let Some(provider) = provider(need, builds, &instances[index], instances, found) {
                need.parameters = parameters(need, provider, found);
                need.provider = Some(provider.id);
                need.provider_name = Some(provider.title());
            }
        }
        instances[index].needs = needs;
    }
    for index in 0..instances.len() {
        let unmet = instances[index].needs.iter().find(|need| need.required && need.provider.is_none());
        let reason = match unmet {
            Some(need) => Some(format!("It needs {}, which nothing on this platform offers.", need.name)),
            None if waits_for_itself(&instances[index], instances) => {
                Some("It needs others that need it, so that none can start before the other.".to_owned())
            }
            None => None,
        };
        instances[index].blocked = reason;
    }
}

/// The best of those that offer what is needed: the very interface before its substitutes, then the newest interface, the newest
/// build, and who was there first.
fn provider<'a>(
    need: &Need,
    builds: &[Uuid],
    asking: &Planned,
    instances: &'a [Planned],
    found: &Found,
) -> Option<&'a Planned> {
    let candidates = instances.iter().enumerate().filter(|(_, other)| {
        other.id != asking.id
            && other.deployed
            && other.wanted == Wanted::Running
            && need.product_id.is_none_or(|product| product == other.product.id)
            && (builds.is_empty() || builds.contains(&other.build.id.uuid()))
    });
    let ranked = candidates.filter_map(|(place, other)| {
        let rank = match need.interface_id {
            Some(_) => offers(need, other, found).map(|(exact, ordinal, _)| (exact, ordinal)).max()?,
            None => (true, 0),
        };
        Some(((rank, found.age(other.id), std::cmp::Reverse(place)), other))
    });
    ranked.max_by_key(|(rank, _)| *rank).map(|(_, other)| other)
}

/// What an instance offers that will do: whether it is the very interface, how new that is, and a parameter of it.
fn offers<'a>(need: &Need, other: &Planned, found: &'a Found) -> impl Iterator<Item = (bool, i64, Option<&'a str>)> {
    let (wanted, build) = (need.interface_id.map(Id::uuid), other.build.id.uuid());
    found.offers.iter().filter(move |offer| offer.build_id == build).filter_map(move |offer| {
        let wanted = wanted?;
        let exact = offer.interface_id == wanted;
        let will_do = exact || found.surrogates.contains(&(wanted, offer.interface_id));
        will_do.then_some((exact, offer.ordinal, offer.parameter.as_deref()))
    })
}

/// The parameters that a provider gives with what is needed of it.
fn parameters(need: &Need, provider: &Planned, found: &Found) -> Vec<String> {
    let Some(best) = offers(need, provider, found).map(|(exact, ordinal, _)| (exact, ordinal)).max() else {
        return Vec::new();
    };
    let given = offers(need, provider, found).filter(|(exact, ordinal, _)| (*exact, *ordinal) == best);
    let mut names: Vec<String> = given.filter_map(|(_, _, parameter)| parameter.map(str::to_owned)).collect();
    names.sort();
    names.dedup();
    names
}

/// Whether whom an instance can't do without can't do without it.
fn waits_for_itself(start: &Planned, instances: &[Planned]) -> bool {
    let (mut seen, mut due): (HashSet<Id<Instance>>, Vec<&Planned>) = (HashSet::new(), vec![start]);
    while let Some(instance) = due.pop() {
        for provider in instance.needs.iter().filter(|need| need.required).filter_map(|need| need.provider) {
            if provider == start.id {
                return true;
            }
            if seen.insert(provider) {
                due.extend(instances.iter().find(|other| other.id == provider));
            }
        }
    }
    false
}
