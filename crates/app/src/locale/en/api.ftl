# Broken rules: what is wrong, by which rule, and how to mend it
api-code-211 = { $field } is empty. Give a value.
api-code-212 = The value “{ $value }” of { $field } cannot be used. Use other characters, or fewer.
api-code-213 = “{ $value }” is no extension number of this company's numbering plan. Check its length and first digit.
api-code-217 = The SIP ID “{ $value }” cannot be used. Use 1 to 32 letters and digits.
api-code-219 = The portal user name “{ $value }” cannot be used. Use 1 to 16 letters and digits.
api-code-222 = A PIN has 4 to 10 digits and nothing else.
api-code-223 = The PIN is easy to guess. Do not use the extension number, one digit repeated, or a run such as 1234.
api-code-231 = The mobile number { $value } cannot be used.
api-code-233 = { $field } { $value } is in use already. Choose another one, or change the object that has it. In the way: { $with }
api-code-234 = The SIP ID { $value } is in use already. In the way: { $with }
api-code-235 = The portal user name { $value } is in use already. In the way: { $with }
api-code-236 = The contracted number of extensions is exceeded. Extensions left: { $value }
api-code-237 = { $value } collides with { $with }. Change one of the two.
api-code-238 = { $field } { $value } does not exist in this company.
api-code-240 = { $value } is a member of { $with }. Remove it there, or add force=true to remove the membership too.
api-code-241 = There is no department { $value }.
api-code-244 = { $value } is used for something else: { $with }
api-code-246 = { $value } members are too many, at most { $with } fit.
api-code-247 = { $value } is a member of { $with } already. An extension may be in one hunting group only.
api-code-248 = The group number { $value } is out of its range.
api-code-251 = The code “{ $value }” cannot be used. Codes have the characters 0-9 * #, and few of them.
api-code-252 = { $value } ({ $field }) collides with { $with }. Change one of the two.
api-code-253 = The site does not allow forwards to outside numbers, so { $value } was not set. Allow them at the site (forward_outside) first.
api-code-261 = Somebody else changed the company's settings meanwhile. Read again, then repeat the change.
api-code-262 = The token has no right to do this.
api-code-263 = The option is not contracted, so { $field } cannot be used.
api-code-other = The value “{ $value }” of { $field } was refused.
api-range = { $field } must be { $with }, but is { $value }.
api-accounts-max = Terminal { $value } cannot be assigned: a person may have at most { $with }. Log another terminal out, or raise the limit.
api-code-214 = { $value } cannot be a mobile number. It has 11 digits and begins with 070, 080, 090 or the like.
api-code-218 = The SIP secret cannot be used. Take 8 to 64 letters, digits or signs.
api-code-220 = The password breaks the rule of the company. Check its length and its characters.
api-code-221 = The password is the same as the user name. Choose another one.
api-code-232 = Extension { $value } has a mobile number already: { $with }
api-code-242 = There is no line { $value }.
api-code-245 = "{ $value }" is not parted by #. Write it like "#1000#2000#".
api-secret-missing = A new SIP id needs a new SIP secret ({ $field }) as well.
api-user-active = A person who is active cannot be removed. Stop the person first, or send force=true.
api-device-used = This terminal is used by { $with }. Take it away first, or send force=true.
api-line-used = This mobile number belongs to extension { $value }. Take it away first, or send force=true.
api-key-running = A request with the same Idempotency-Key ({ $value }) is being carried out. Send it again in a moment.
api-key-other = The Idempotency-Key ({ $value }) came with another request. Take a new key for each request.
api-unknown-field = There is no field { $field }. Check its spelling.
api-read-only = { $field } cannot be changed here.
api-wrong-type = { $field } must be { $with }.
api-missing = { $field } is missing.
api-forward-to-emergency = { $value } is an emergency number. Calls cannot be forwarded to it.
api-forward-to-itself = { $value } cannot forward to itself. Give another destination.
api-forward-loop = { $value } forwards back to this number. Calls would never arrive.
api-forward-unfit = { $value } takes no forwarded calls. Give another destination.
api-forward-no-last = There was no destination before. Give one.
api-voicemail-at = { $value } is no virtual number of this site.
api-stopped-to-mailbox = A stopped user cannot open the own mailbox. Give a number.
api-own-not-allowed = This number cannot have the setting: it is no user's number, the user is stopped, or the option is not contracted.
api-sound-too-big = The file is larger than 10 MiB. Send a smaller one.
api-sound-too-long = The sound is longer than 10 minutes. Cut it.
api-sound-format = The file is no WAV, MP3 or FLAC, or is empty. Convert it.
api-sound-broken = The file is damaged: it cannot be read to its end.
api-sound-silent = Nothing is to be heard in the file.
api-sounds-full = The company has { $value } sounds, which is the limit. Remove one first.

# What stands in the way
api-noun-user = user { $name }
api-noun-virtual-number = virtual number { $name }
api-noun-department = department { $name }
api-noun-hunting-group = hunting group { $name }
api-noun-pickup-group = pickup group { $name }
api-noun-park-slot = park slot { $name }
api-noun-site = site { $name }
api-noun-gateway = gateway { $name }
api-noun-code = code { $name }
api-noun-reserved = reserved number { $name }
api-noun-sound = sound { $name }
api-noun-line = line { $name }

# Titles of answers
api-title-400 = The request cannot be read
api-title-401 = A valid token is missing
api-title-403 = Not permitted
api-title-404 = Not found
api-title-405 = The method does not exist here
api-title-409 = In conflict with what exists
api-title-412 = Changed meanwhile
api-title-413 = The request is too large
api-title-415 = Send JSON, or for a sound its file
api-title-422 = Rules are broken
api-title-429 = Too many requests
api-title-503 = Not available now

# Tokens
token-made = API token: { $token }
token-once = This token is shown only once. Keep it in a safe place.
token-made-particulars = Id { $id }, name “{ $name }”, role { $role }, valid until { $until }
token-for-ever = revoked
token-none = There is no token yet.
token-revoked = Revoked the token { $id }.
token-unknown = There is no token { $id }. Look with --list.
token-too-many = There are { $count } tokens, which is the limit. Revoke some.
token-failed = The token could not be stored: { $error }
token-role-unknown = There is no role { $role }. Use administrator or operator.
