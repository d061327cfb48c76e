demo-company = Mihon Trading Co., Ltd.
demo-site = Head office
demo-hunting-group = Front desk
demo-department = Sales
demo-pickup-group = Free terminals and test phones
demo-api = API token (for the examples of the guide)
demo-terminal = Free terminal { $number }
demo-phone-echo = Echo (returns what it hears)
demo-phone-music = Music
demo-phone-busy = Always busy
demo-phone-caller = Test caller

# Before the start
demo-not-started = The demo cannot start: { $value }
demo-folder-foreign = { $folder } was not made by the demo, so nothing in it was touched. Rename it, or run the demo in another folder.
demo-folder-in-use = Another demo runs in { $folder }. Stop it with Ctrl-C, or run this one in another folder.
demo-folder-refused = { $folder } cannot be made: { $error }. Run the demo in a folder that you can write to.
demo-port-taken = { $transport } port { $port } ({ $use }) of { $address } is in use. Stop the program that uses it ("{ $look }" shows it), or start at another address, for example: naisen demo --listen { $other }
demo-address-foreign = { $address } is not an address of this computer ({ $transport } port { $port }, { $use }). Give one of its addresses or 127.0.0.1, for example: naisen demo --listen { $other }. "{ $look }" shows ports in use.
demo-port-refused = { $transport } port { $port } ({ $use }) of { $address } cannot be opened: { $error }. Look with "{ $look }", or start at another address, for example: naisen demo --listen { $other }

# Directions
demo-running = The exchange of { $company } is running.
demo-terminals = Settings for SIP phones (three free terminals)
demo-server = Server
demo-port = Port
demo-domain = Domain
demo-head-name = User
demo-head-dn = Extension
demo-head-sip-id = SIP ID (user name)
demo-head-secret = SIP password
demo-numbers = Test numbers
demo-portal = Portal
demo-address = Address
demo-login-domain = Site domain
demo-login-user = User name
demo-login-password = Password
demo-history = Export of the call history (in another terminal)

# First call
demo-call = First call (2009 to 2001, audio through the exchange's relay)
demo-registered = Registration (slowest of 4)
demo-rang = Until it rang
demo-answered = Until the answer
demo-way = Direction
demo-sent = Sent
demo-received = Received
demo-lost = Lost
demo-tones = Tones recognised
demo-tones-sent = Figures are packets. The tones sent were { $tones } Hz.
demo-passed = PASSED
demo-failed = FAILED: { $reason }
demo-fault-register = Only { $done } of 4 phones could register: the exchange gave no answer.
demo-fault-register-refused = Only { $done } of 4 phones could register; the last answer was { $status }.
demo-fault-answer = 2001 did not answer.
demo-fault-refused = The call of 2009 was refused with { $status }.
demo-fault-ring = No ringing (180) reached 2009.
demo-fault-end = The call ended early, or did not end at both phones.
demo-fault-to-echo = 2001 did not recognise the tones of 2009 (2009 → 2001).
demo-fault-to-caller = 2009 did not recognise the echo of its tones (2001 → 2009).
demo-fault-lost = Too many packets were lost.
demo-fault-record = The call is missing in the history.
demo-ready = Stop with Ctrl-C. The next start makes everything anew.
demo-stopping = Stopping.
