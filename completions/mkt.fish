# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mkt_global_optspecs
    string join \n server= token-file= output= json q/quiet verbose no-input y/yes color= h/help V/version
end

function __fish_mkt_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mkt_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mkt_using_subcommand
    set -l cmd (__fish_mkt_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mkt -n "__fish_mkt_needs_command" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_needs_command" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_needs_command" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_needs_command" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_needs_command" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_needs_command" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_needs_command" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_needs_command" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_needs_command" -s V -l version -d 'Print version'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "serve" -d 'Serve the marketplace: API and WebSocket. Creates and migrates its database by itself'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "migrate" -d 'Bring the database\'s schema up to date, or tell where it stands'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "publish" -d 'Publish packages: validate each marketplace.json, compare it with the marketplace, and apply the difference'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "watch" -d 'Follow what is published in and withdrawn from the catalogue: a line each, or NDJSON with --json'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "search" -d 'Search the catalogue'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "product" -d 'Look at products'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "status" -d 'Tell whether the marketplace is well, and who you are there'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "completions" -d 'Print a shell\'s completions'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "man" -d 'Print the manual page, or write all of them into a folder'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "openapi" -d 'Print the description of the API (OpenAPI 3.1)'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l listen -d 'The address to listen on; port 0 takes a free one. PORT alone works too and listens on all addresses [default: 127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l public-url -d 'Where clients reach the marketplace [default: where their requests say]' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l ui-url -d 'Where the web interface is, for browsers that ask for the root' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l title -d 'What the marketplace is called' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l secret-key-file -d 'A file with the key that secrets are derived from; MKT_SECRET_KEY holds the key itself. Required for PostgreSQL, else made once and kept beside the database' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l admin-token-file -d 'A file with the token of the first administrator; MKT_ADMIN_TOKEN holds the token itself [default: one is made and printed]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l anonymous-events -d 'Let anybody follow the catalogue\'s events, without a token' -r -f -a "true\t''
false\t''"
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l trusted-proxies -d 'Addresses or networks of proxies whose Forwarded headers are believed' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l cors-origins -d 'Web origins that may call the API [default: any]' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l log-format -d 'The form of log lines' -r -f -a "text\t'For people'
json\t'One object a line'"
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l log -d 'What to log: error, warn, info, debug or trace, for all or for some modules' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l demo -d 'Fill an empty marketplace with a small fictional catalogue to look at'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -f -a "run" -d 'Apply what is missing, creating the database if need be (the default)'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -f -a "status" -d 'List all migrations and whether each is applied'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -f -a "check" -d 'Exit with 1 if any is missing'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand publish" -s n -l dry-run -d 'Only tell what would be done'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l strict -d 'Take warnings for errors'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l since -d 'Start after the event with this id, not now' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l count -d 'End after so many events' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l timeout -d 'End after so many seconds; with --count, having seen fewer by then is a failure' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand watch" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand watch" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand search" -l limit -d 'How many to show' -r
complete -c mkt -n "__fish_mkt_using_subcommand search" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand search" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand search" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand search" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand search" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand search" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand search" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand search" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand search" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand search" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show" -f -a "list" -d 'List products'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show" -f -a "show" -d 'Show one product'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l per-page -d 'Products on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l where -d 'Only products whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand status" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand status" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand status" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand status" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand status" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand status" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand status" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand status" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand status" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand completions" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand completions" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand man" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand man" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand man" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand man" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand man" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand man" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand man" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand man" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand man" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l server -d 'The marketplace\'s address' -r
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -s h -l help -d 'Print help (see more with \'--help\')'
