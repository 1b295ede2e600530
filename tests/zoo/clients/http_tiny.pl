# Perl's HTTP::Tiny, which writes no multipart; it encodes texts itself, so it is given characters and not bytes.
use strict;
use warnings;
use Encode qw(decode);
use HTTP::Tiny;

my ($url, $key, $form, @rest) = @ARGV;
my @fields;
while (my ($kind, $name, $value) = splice(@rest, 0, 3)) {
    push @fields, decode('UTF-8', $name) => decode('UTF-8', $value);
}
my $client = HTTP::Tiny->new(default_headers => { Authorization => "Bearer $key" });
my $answer = $client->post_form($url, \@fields);
die "$answer->{status} $answer->{content}" unless $answer->{success};
