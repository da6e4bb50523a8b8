#!/usr/bin/perl
# Stands between sshd and OpenSSH's sftp-server and makes it a server with other habits:
#
#   short-reads           gives at most 16 KiB of what it is asked for
#   no-fsync              does not know fsync@openssh.com
#   spoiled-write FILE    keeps another byte than the last one, as long as FILE is not there
#   overwriting-rename    renames over what stands there
#   rival FILE            puts FILE under the new name just before a rename
#   lost-before-rename    loses the connection before the first rename
#   lost-after-rename     loses the connection after the first rename, before the answer
#
# The last two take the path of a file that remembers that it has happened. perl-base is part of every Debian.
use strict;
use warnings;
use IPC::Open2;

my ($kind, $file) = @ARGV;
my ($READ, $WRITE, $RENAME, $EXTENDED) = (5, 6, 18, 200);

my $server = open2(my $answers, my $requests, '/usr/lib/openssh/sftp-server');
my $back = fork // die "fork: $!";
if (!$back) {
    close $requests;
    while (sysread $answers, my $bytes, 65536) { write_all(\*STDOUT, $bytes) }
    exit;
}
close $answers;

while (defined(my $head = read_all(4))) {
    my $request = read_all(unpack 'N', $head) // last;
    my $type = ord $request;
    if ($kind eq 'short-reads' && $type == $READ) {
        my $wanted = unpack 'N', substr $request, -4;
        substr($request, -4) = pack 'N', $wanted < 16384 ? $wanted : 16384;
    } elsif ($kind eq 'no-fsync' && $type == $EXTENDED) {
        $request =~ s/fsync\@openssh/fsynx\@openssh/;
    } elsif ($kind eq 'overwriting-rename' && $type == $RENAME) {
        my $name = 'posix-rename@openssh.com';
        $request = pack('C', $EXTENDED) . substr($request, 1, 4) . pack('N/a*', $name) . substr $request, 5;
    } elsif ($kind eq 'spoiled-write' && $type == $WRITE && !-e $file) {
        substr($request, -1) ^= "\x01";
    } elsif ($kind eq 'rival' && $type == $RENAME) {
        my ($from, $to) = unpack 'x5 N/a* N/a*', $request;
        system('cp', $file, $to) == 0 or die "cp $file $to";
    } elsif ($kind =~ /^lost/ && $type == $RENAME && !-e $file) {
        open my $mark, '>', $file or die "$file: $!";
        kill 'KILL', $back;
        write_all($requests, pack('N/a*', $request)) if $kind eq 'lost-after-rename';
        close $requests;
        waitpid $server, 0;
        exit;
    }
    write_all($requests, pack 'N/a*', $request);
}
close $requests;
waitpid $back, 0;

sub read_all {
    my ($wanted) = @_;
    my $bytes = '';
    while (length $bytes < $wanted) {
        sysread(STDIN, $bytes, $wanted - length $bytes, length $bytes) or return;
    }
    return $bytes;
}

sub write_all {
    my ($to, $bytes) = @_;
    while (length $bytes) {
        my $written = syswrite($to, $bytes) // exit;
        substr($bytes, 0, $written) = '';
    }
}
