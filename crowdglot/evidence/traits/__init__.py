"""How far the traits that a dialogue was written for show in it (control).

After MIRACLE (Lu et al. 2023) and PersonalDialog (Zheng et al. 2019): somebody who does not know
the trait reads a speaker's turns alone and says which it is, a judge or a small classifier that was
trained on other text; once on turns after which the trait should show, once on any turns, where the
right answer may be to show nothing. The coherence of the same dialogues stands beside it, since
pure style wins such tests. Who is not shown to be right on known text gives no figure.
"""
