-- Somebody looks at what an instance prints, until then: only what is looked at is told of.

create table log_watches (
    instance_id uuid not null primary key references instances (id) on delete cascade,
    watched_until timestamptz not null
);
