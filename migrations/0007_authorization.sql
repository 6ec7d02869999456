-- Rights at work: what grants count on, what is written of each, and whom it is still to be told to.

-- How often all claims of an entitlement were authorized, those included that are gone: what a licence's uses limit.
alter table entitlements add column authorization_count bigint not null default 0;
update entitlements set authorization_count = cast(
    (select coalesce(sum(claims.authorization_count), 0) from claims where claims.entitlement_id = entitlements.id)
as bigint);

alter table attempts add column entitlement_id uuid;
alter table attempts add column quantity bigint not null default 1;
create index attempts_created_at on attempts (created_at, id);

-- Attempts that are not in the log of events yet. They don't take their place in it themselves: that would have them wait
-- for each other.
create table unannounced_attempts (
    attempt_id uuid not null primary key
);

-- Counts the changes to families of products and to what they are offered under.
insert into streams (name, last_offset) values ('families', 0);
